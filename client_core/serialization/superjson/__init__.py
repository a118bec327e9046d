"""superjson 1.13, the library under the default format of TypeScript: read and written here."""
