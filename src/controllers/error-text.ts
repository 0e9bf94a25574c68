/** What went wrong, for events and conditions. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error))
