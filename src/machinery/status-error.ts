/** The one kind of error that crosses the wire: a `metav1.Status` with its HTTP code. */

export interface StatusCause {
  readonly reason?: string
  readonly message?: string
  /** Path of the field at fault, e.g. `spec.containers[0].name`. */
  readonly field?: string
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly StatusCause[]
  readonly retryAfterSeconds?: number
}

export interface StatusBody {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  /** `continue` goes on with a list that can no longer be shown as it was. */
  readonly metadata: { readonly continue?: string }
  readonly status: 'Failure' | 'Success'
  readonly message?: string
  readonly reason?: string
  readonly details?: StatusDetails
  readonly code: number
}

/** Names a resource in messages: `pods "web" not found`, `deployments.apps "web" not found`. */
export interface ResourceName {
  readonly group: string
  readonly plural: string
}

/** `pods`, `deployments.apps`. */
export const qualified = ({ group, plural }: ResourceName): string => (group ? `${plural}.${group}` : plural)

const detailsOf = (resource: ResourceName, name?: string): StatusDetails => ({
  ...(name ? { name } : {}),
  ...(resource.group ? { group: resource.group } : {}),
  kind: resource.plural,
})

export class StatusError extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
    readonly details?: StatusDetails,
    readonly metadata: StatusBody['metadata'] = {},
  ) {
    super(message)
    this.name = 'StatusError'
  }

  /** The `Status` object that is sent. */
  get body(): StatusBody {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.metadata,
      status: 'Failure',
      ...(this.message ? { message: this.message } : {}),
      ...(this.reason ? { reason: this.reason } : {}),
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    }
  }

  /** Rebuilds the error from a `Status` received over the wire. */
  static from(body: Partial<StatusBody>, code: number): StatusError {
    return new StatusError(
      body.code ?? code,
      body.reason ?? '',
      body.message ?? `HTTP ${code}`,
      body.details,
      body.metadata,
    )
  }
}

export const notFound = (resource: ResourceName, name: string): StatusError =>
  new StatusError(404, 'NotFound', `${qualified(resource)} "${name}" not found`, detailsOf(resource, name))

export const alreadyExists = (resource: ResourceName, name: string): StatusError =>
  new StatusError(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`, detailsOf(resource, name))

export const conflict = (resource: ResourceName, name: string, why: string): StatusError =>
  new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    detailsOf(resource, name),
  )

/** What a lost optimistic-locking race answers, word for word as clients match it. */
export const staleObject = (resource: ResourceName, name: string): StatusError =>
  conflict(
    resource,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  )

export const forbidden = (resource: ResourceName, name: string, why: string): StatusError =>
  new StatusError(
    403,
    'Forbidden',
    name ? `${qualified(resource)} "${name}" is forbidden: ${why}` : `${qualified(resource)} is forbidden: ${why}`,
    detailsOf(resource, name),
  )

/** A field at fault, as validation finds it. `message` is complete; see `machinery/field-errors.ts` for its forms. */
export interface FieldError {
  /** FieldValueRequired, FieldValueInvalid, FieldValueNotSupported, FieldValueDuplicate, FieldValueForbidden, ... */
  readonly reason: string
  readonly field: string
  readonly message: string
}

/** 422: `kind` is the object's kind and group, e.g. `Deployment.apps`. */
export function invalid(
  kind: { group: string; kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const texts = [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))]
  const listed = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  return new StatusError(
    422,
    'Invalid',
    `${kind.group ? `${kind.kind}.${kind.group}` : kind.kind} "${name}" is invalid: ${listed}`,
    {
      ...(name ? { name } : {}),
      ...(kind.group ? { group: kind.group } : {}),
      ...(kind.kind ? { kind: kind.kind } : {}),
      causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
    },
  )
}

export const badRequest = (message: string): StatusError => new StatusError(400, 'BadRequest', message)

export const unauthorized = (): StatusError => new StatusError(401, 'Unauthorized', 'Unauthorized')

export const gone = (message: string, metadata?: StatusBody['metadata']): StatusError =>
  new StatusError(410, 'Expired', message, undefined, metadata)

export const tooManyRequests = (message: string, retryAfterSeconds: number): StatusError =>
  new StatusError(429, 'TooManyRequests', message, { retryAfterSeconds })

export const internalError = (message: string): StatusError =>
  new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })

export const serviceUnavailable = (message: string): StatusError => new StatusError(503, 'ServiceUnavailable', message)

export const isNotFound = (error: unknown): boolean => error instanceof StatusError && error.code === 404
export const isConflict = (error: unknown): boolean => error instanceof StatusError && error.reason === 'Conflict'
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof StatusError && error.reason === 'AlreadyExists'
export const isGone = (error: unknown): error is StatusError => error instanceof StatusError && error.code === 410
