"""What goes over the wire: requests checked, answers shaped and described."""
