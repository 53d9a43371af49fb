"""One module a group of routes; each route loads, authorises, acts."""
