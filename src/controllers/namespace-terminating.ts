import { StatusError } from '../machinery/status-error.js'

/** Refused because the namespace is on its way out: nothing is wrong, and nothing is to be tried again. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof StatusError &&
  error.code === 403 &&
  (error.details?.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating')
