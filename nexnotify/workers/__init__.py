"""Work in the background: the steps in flow order, the sender, and the process that runs them."""
