import { addressFunctions } from './addresses.js'
import { dateFunctions } from './dates.js'
import type { FunctionDeclaration } from './declare.js'
import { formatFunctions } from './formats.js'
import { listFunctions } from './lists.js'
import { optionalFunctions } from './optionals.js'
import { quantityFunctions } from './quantities.js'
import { regexFunctions } from './regex.js'
import { standardFunctions } from './standard.js'
import { stringFunctions } from './strings.js'
import { urlFunctions } from './urls.js'
import { versionFunctions } from './versions.js'

/** What every expression in Kubernetes may call: https://kubernetes.io/docs/reference/using-api/cel/ */
export const kubernetesFunctions: readonly FunctionDeclaration[] = [
  ...standardFunctions,
  ...dateFunctions,
  ...stringFunctions,
  ...listFunctions,
  ...optionalFunctions,
  ...regexFunctions,
  ...quantityFunctions,
  ...urlFunctions,
  ...addressFunctions,
  ...versionFunctions,
  ...formatFunctions,
]
