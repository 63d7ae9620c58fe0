"""Staff: accounts, groups, signing in with two factors."""
