import { messageOf } from '../machinery/message-of.js'
import { RuntimeError } from './runtime/runtime-error.js'

/** What is told of an error in an event. */
export const errorText = (error: unknown): string =>
  error instanceof RuntimeError ? error.description : messageOf(error)
