"""From a restock to messages: who hears of it, when and with which words, and what of that is decided again later."""
