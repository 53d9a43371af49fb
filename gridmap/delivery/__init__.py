"""How messages leave: texts in two languages, channels that tell a retryable failure from a final one, back-off, quiet
hours, limits per person. No database here: `store.messages` keeps the queue, `usecases.delivering` joins the two."""
