import {
  bool,
  type CelEnvironment,
  type CelType,
  compile,
  dyn,
  listOf,
  mapOf,
  objectType,
  type Program,
  text,
  toJson,
} from '../../machinery/cel/index.js'
import type { UserInfo } from '../../machinery/http.js'
import { AuthenticationConfigError, type JwtConfig, type PrefixedClaim } from './jwt-config.js'

export interface Claims {
  readonly [claim: string]: unknown
}

/** Makes a user of the claims of a token that is genuine. Throws an error that says what the claims lack. */
export type ClaimReader = (claims: Claims) => UserInfo

const userType = objectType('kubernetes.UserInfo', {
  username: text,
  uid: text,
  groups: listOf(text),
  extra: mapOf(text, listOf(text)),
})
const claimsEnvironment: CelEnvironment = { variables: { claims: mapOf(text, dyn) } }
const userEnvironment: CelEnvironment = { variables: { user: userType } }

/** Compiles the mappings and rules of an issuer. Throws `AuthenticationConfigError` for expressions that are none. */
export function claimReader({
  claimMappings,
  claimValidationRules = [],
  userValidationRules = [],
}: JwtConfig): ClaimReader {
  const { username, groups, uid, extra = [] } = claimMappings
  const readName = textOf(username, 'username')
  const readGroups = groups && textsOf(groups)
  const readUid = uid && (uid.claim || uid.expression) ? textOf(uid, 'uid') : undefined
  const readExtra = extra.map(({ key, valueExpression }) => ({
    key,
    read: expression(valueExpression, claimsEnvironment, 'extra'),
  }))
  const rules = claimValidationRules.map(({ claim, requiredValue = '', expression: rule, message }) => {
    if (rule) {
      const holds = condition(rule, claimsEnvironment, 'claimValidationRules')
      return (claims: Claims) => holds({ claims }) || fail(message || `validation expression '${rule}' failed`)
    }
    return (claims: Claims) =>
      claims[claim ?? ''] === requiredValue || fail(`required claim ${claim} does not have its value`)
  })
  const userRules = userValidationRules.map(({ expression: rule, message }) => {
    const holds = condition(rule, userEnvironment, 'userValidationRules')
    return (user: object) => holds({ user }) || fail(message || `validation expression '${rule}' failed`)
  })
  return claims => {
    for (const rule of rules) rule(claims)
    const name = readName(claims)
    if (!name) fail('the username is empty')
    const user = {
      username: name,
      uid: readUid?.(claims) ?? '',
      groups: readGroups?.(claims) ?? [],
      extra: Object.fromEntries(
        readExtra.flatMap(({ key, read }) => {
          const values = strings(read({ claims }), `extra ${key}`)
          return values.length > 0 ? [[key, values]] : []
        }),
      ),
    }
    for (const rule of userRules) rule(user)
    return {
      name,
      groups: user.groups,
      ...(user.uid ? { uid: user.uid } : {}),
      ...(Object.keys(user.extra).length > 0 ? { extra: user.extra } : {}),
    }
  }
}

function fail(why: string): never {
  throw new Error(why)
}

function textOf({ claim, prefix = '', expression: mapping }: PrefixedClaim, field: string): (claims: Claims) => string {
  const read = mapping ? expression(mapping, claimsEnvironment, field) : undefined
  return claims => {
    const value = read ? read({ claims }) : claims[claim ?? '']
    if (typeof value !== 'string') fail(`${claim ?? field} is no text`)
    // An address that nobody has verified may be anybody's.
    if (claim === 'email' && claims['email_verified'] !== undefined && claims['email_verified'] !== true)
      fail('the email is not verified')
    return value === '' ? '' : prefix + value
  }
}

function textsOf({ claim, prefix = '', expression: mapping }: PrefixedClaim): (claims: Claims) => readonly string[] {
  const read = mapping ? expression(mapping, claimsEnvironment, 'groups') : undefined
  return claims => strings(read ? read({ claims }) : claims[claim ?? ''], 'groups').map(group => prefix + group)
}

/** One text or several; empty ones and absent ones are none. */
function strings(value: unknown, what: string): readonly string[] {
  const values = value === undefined || value === null ? [] : [value].flat()
  if (!values.every(item => typeof item === 'string')) fail(`${what} are no texts`)
  return (values as string[]).filter(item => item !== '')
}

type Read = (variables: { readonly [name: string]: unknown }) => unknown

function expression(source: string, environment: CelEnvironment, field: string): Read {
  const program = compiled(source, environment, field)
  return variables => toJson(program.evaluate(variables).value)
}

function condition(source: string, environment: CelEnvironment, field: string): (variables: object) => boolean {
  const program = compiled(source, environment, field, bool)
  return variables => program.evaluate(variables as { readonly [name: string]: unknown }).value === true
}

function compiled(source: string, environment: CelEnvironment, field: string, result?: CelType): Program {
  try {
    const program = compile(source, environment)
    if (result && program.resultType.kind !== result.kind)
      throw new Error(`must evaluate to ${result.kind}, not ${program.resultType.kind}`)
    return program
  } catch (error) {
    throw new AuthenticationConfigError(`${field}: ${error instanceof Error ? error.message : error}`)
  }
}
