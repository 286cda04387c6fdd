"""E-mails and phones checked: between what a provider answers and the decision to stop asking."""
