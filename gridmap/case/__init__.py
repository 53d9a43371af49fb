"""What a case goes through: categories, the clock and its lights, and the events written about it."""
