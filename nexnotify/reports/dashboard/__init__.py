"""What the start page of the admin says: trouble, figures, first steps."""
