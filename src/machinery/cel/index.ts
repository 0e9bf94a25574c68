/**
 * Kubernetes' expression language, CEL: typed, with the libraries and cost rules of Kubernetes.
 * https://kubernetes.io/docs/reference/using-api/cel/
 */
export { fromAny, fromJson, toJson } from './adapt.js'
export {
  CelCompileError,
  type CelEnvironment,
  CelProgramError,
  type CelVariables,
  checkTypes,
  compile,
  type Evaluation,
  type EvaluationOptions,
  type Program,
  perCallCostLimit,
} from './compile.js'
export { type Range, unlimited } from './cost.js'
export {
  type AskAuthorizer,
  type AuthorizerAnswer,
  type AuthorizerQuestion,
  AuthorizerValue,
  authorizerFunctions,
  authorizerType,
  PendingAnswer,
} from './functions/authorizer.js'
export { declare, type FunctionDeclaration } from './functions/declare.js'
export { celQuantity } from './functions/quantities.js'
export { celSemver } from './functions/versions.js'
export { simpleEscapes } from './lexer.js'
export * from './types.js'
export {
  CelCostError,
  CelError,
  type CelValue,
  Duration,
  EntryMap,
  ListValue,
  MapValue,
  none,
  OpaqueValue,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
} from './values.js'
