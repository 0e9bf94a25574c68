export * from './apply/index.js'
export * from './clock.js'
export * from './field-errors.js'
export * from './fields.js'
export * from './go-format.js'
export type * from './http.js'
export * from './int-or-string.js'
export * from './ip-address.js'
export * from './json-equal.js'
export * from './labels.js'
export * from './meta/index.js'
export * as names from './names.js'
export * from './negotiation.js'
export * from './object.js'
export * from './patch/index.js'
export * from './path.js'
export * from './quantity.js'
export * from './resource.js'
export {
  alreadyExists,
  badRequest,
  conflict,
  type FieldError,
  forbidden,
  gone,
  internalError,
  invalid,
  isAlreadyExists,
  isConflict,
  isGone,
  isNotFound,
  notFound,
  qualified,
  type ResourceName,
  type StatusBody,
  StatusError,
  serviceUnavailable,
  staleObject,
  tooManyRequests,
  unauthorized,
} from './status-error.js'
export * from './validate-labels.js'
