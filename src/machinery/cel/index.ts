/**
 * Kubernetes' expression language, CEL: typed, with the libraries and cost rules of Kubernetes.
 * https://kubernetes.io/docs/reference/using-api/cel/
 */
export { fromJson, toJson } from './adapt.js'
export {
  CelCompileError,
  type CelEnvironment,
  CelProgramError,
  type CelVariables,
  checkTypes,
  compile,
  type Program,
} from './compile.js'
export { unlimited } from './cost.js'
export {
  type AuthorizerAnswer,
  type AuthorizerQuestion,
  AuthorizerValue,
  authorizerFunctions,
  authorizerType,
  PendingAnswer,
} from './functions/authorizer.js'
export { declare } from './functions/declare.js'
export { celQuantity } from './functions/quantities.js'
export { celSemver } from './functions/versions.js'
export { simpleEscapes } from './lexer.js'
export * from './types.js'
export { CelCostError, CelError, type CelValue, EntryMap, MapValue, Optional } from './values.js'
