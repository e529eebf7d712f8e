"""What shoppers are asked or reminded of while they wait, and their yes."""
