# Placeholder for the install rules.
