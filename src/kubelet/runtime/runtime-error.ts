import { status } from '@grpc/grpc-js'

/** gRPC's status names, spelled as Kubernetes prints them. */
export type RuntimeErrorCode =
  | 'Canceled'
  | 'Unknown'
  | 'InvalidArgument'
  | 'DeadlineExceeded'
  | 'NotFound'
  | 'AlreadyExists'
  | 'PermissionDenied'
  | 'ResourceExhausted'
  | 'FailedPrecondition'
  | 'Aborted'
  | 'OutOfRange'
  | 'Unimplemented'
  | 'Internal'
  | 'Unavailable'
  | 'DataLoss'
  | 'Unauthenticated'

/** What the container runtime answered instead of a result. `message` is its own text. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError'
  readonly code: RuntimeErrorCode

  constructor(code: RuntimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  /** The form in which events and container statuses quote the runtime. */
  get description(): string {
    return `rpc error: code = ${this.code} desc = ${this.message}`
  }
}

/** Whether the runtime does not know the pod, container or image asked for. */
export const isNotFound = (error: unknown): boolean => hasCode(error, 'NotFound')
/** Whether there is such a thing already. */
export const isAlreadyExists = (error: unknown): boolean => hasCode(error, 'AlreadyExists')
/** Whether the runtime could not be reached: it is down, or restarting. */
export const isUnavailable = (error: unknown): boolean => hasCode(error, 'Unavailable')
/** Whether the runtime is too old for the call. */
export const isUnimplemented = (error: unknown): boolean => hasCode(error, 'Unimplemented')
/** Whether the runtime did not answer in time. What was asked for may still happen. */
export const isTimeout = (error: unknown): boolean => hasCode(error, 'DeadlineExceeded')

const hasCode = (error: unknown, code: RuntimeErrorCode): boolean =>
  error instanceof RuntimeError && error.code === code

const codes: ReadonlyMap<number, RuntimeErrorCode> = new Map([
  [status.CANCELLED, 'Canceled'],
  [status.UNKNOWN, 'Unknown'],
  [status.INVALID_ARGUMENT, 'InvalidArgument'],
  [status.DEADLINE_EXCEEDED, 'DeadlineExceeded'],
  [status.NOT_FOUND, 'NotFound'],
  [status.ALREADY_EXISTS, 'AlreadyExists'],
  [status.PERMISSION_DENIED, 'PermissionDenied'],
  [status.RESOURCE_EXHAUSTED, 'ResourceExhausted'],
  [status.FAILED_PRECONDITION, 'FailedPrecondition'],
  [status.ABORTED, 'Aborted'],
  [status.OUT_OF_RANGE, 'OutOfRange'],
  [status.UNIMPLEMENTED, 'Unimplemented'],
  [status.INTERNAL, 'Internal'],
  [status.UNAVAILABLE, 'Unavailable'],
  [status.DATA_LOSS, 'DataLoss'],
  [status.UNAUTHENTICATED, 'Unauthenticated'],
])

/** Turns what the gRPC library throws into a `RuntimeError`; passes on what is none of its errors. */
export function toRuntimeError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'number') return error
  const details = 'details' in error && typeof error.details === 'string' ? error.details : error.message
  return new RuntimeError(codes.get(error.code) ?? 'Unknown', details, { cause: error })
}
