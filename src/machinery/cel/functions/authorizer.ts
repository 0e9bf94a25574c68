import { bool, type CelType, objectType, opaque, text } from '../types.js'
import { CelError, type CelValue, MapValue, OpaqueValue } from '../values.js'
import type { FunctionDeclaration, Overload } from './declare.js'

/** What an expression asks of the authorizer, about who makes the request or about a service account. */
export interface AuthorizerQuestion {
  readonly account?: { readonly namespace: string; readonly name: string }
  readonly verb: string
  /** Set where the question is about a URL and no resource. */
  readonly path?: string
  readonly group?: string
  readonly resource?: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
  readonly fieldSelector?: string
  readonly labelSelector?: string
}

export interface AuthorizerAnswer {
  readonly allowed: boolean
  readonly reason: string
  readonly error?: string
}

/** Answers at once; one that has to wait throws a `PendingAnswer`. */
export type AskAuthorizer = (question: AuthorizerQuestion) => AuthorizerAnswer

/** The answer is not known yet: the expression is to be evaluated again once it is. */
export class PendingAnswer extends CelError {
  constructor(readonly until: Promise<unknown>) {
    super('the authorizer has not answered yet')
  }
}

type Draft = Omit<AuthorizerQuestion, 'verb'>

class Check extends OpaqueValue {
  constructor(
    readonly typeName: string,
    readonly ask: AskAuthorizer,
    readonly question: Draft,
  ) {
    super()
  }

  with(typeName: string, more: Draft): Check {
    return new Check(typeName, this.ask, { ...this.question, ...more })
  }

  equals(other: OpaqueValue): boolean {
    return other instanceof Check && JSON.stringify(other.question) === JSON.stringify(this.question)
  }
}

class Answer extends OpaqueValue {
  readonly typeName = names.decision

  constructor(readonly answer: AuthorizerAnswer) {
    super()
  }

  equals(other: OpaqueValue): boolean {
    return other === this
  }
}

/** The variable `authorizer`: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-authorizer-library */
export class AuthorizerValue extends MapValue {
  readonly size = 0

  constructor(
    readonly ask: AskAuthorizer,
    private readonly request: Draft = {},
    readonly account: Draft = {},
  ) {
    super()
  }

  /** `authorizer.requestResource` asks about the object of the request. */
  get(key: CelValue): CelValue | undefined {
    return key === 'requestResource' ? new Check(names.resource, this.ask, this.request) : undefined
  }

  keys(): readonly string[] {
    return []
  }

  check(typeName: string, question: Draft): Check {
    return new Check(typeName, this.ask, { ...this.account, ...question })
  }
}

const names = {
  path: 'kubernetes.authorization.PathCheck',
  group: 'kubernetes.authorization.GroupCheck',
  resource: 'kubernetes.authorization.ResourceCheck',
  decision: 'kubernetes.authorization.Decision',
}
const pathCheck = opaque(names.path)
const groupCheck = opaque(names.group)
const resourceCheck = opaque(names.resource)
const decision = opaque(names.decision)

/** The type of the variable `authorizer`. */
export const authorizerType: CelType = objectType('kubernetes.authorization.Authorizer', {
  requestResource: resourceCheck,
})

const member = (name: string, ...overloads: readonly Overload[]): FunctionDeclaration => ({
  name,
  member: true,
  overloads,
})

/** A function that makes a question more exact. */
const refines = (name: string, field: keyof Draft): FunctionDeclaration =>
  member(name, {
    params: [resourceCheck, text],
    result: resourceCheck,
    call: ([check, value]) => (check as Check).with(names.resource, { [field]: value as string }),
  })

const check = (target: CelType): Overload => ({
  params: [target, text],
  result: decision,
  call([check, verb]) {
    const { ask, question } = check as Check
    return new Answer(ask({ ...question, verb: verb as string }))
  },
})

const told = (name: string, result: CelType, read: (answer: AuthorizerAnswer) => CelValue): FunctionDeclaration =>
  member(name, { params: [decision], result, call: ([answer]) => read((answer as Answer).answer) })

/** The functions of the variable `authorizer`. */
export const authorizerFunctions: readonly FunctionDeclaration[] = [
  member('path', {
    params: [authorizerType, text],
    result: pathCheck,
    call: ([authorizer, path]) => (authorizer as AuthorizerValue).check(names.path, { path: path as string }),
  }),
  member('group', {
    params: [authorizerType, text],
    result: groupCheck,
    call: ([authorizer, group]) => (authorizer as AuthorizerValue).check(names.group, { group: group as string }),
  }),
  member('serviceAccount', {
    params: [authorizerType, text, text],
    result: authorizerType,
    call([authorizer, namespace, name]) {
      const { ask } = authorizer as AuthorizerValue
      const account = { namespace: namespace as string, name: name as string }
      return new AuthorizerValue(ask, {}, { account })
    },
  }),
  member('resource', {
    params: [groupCheck, text],
    result: resourceCheck,
    call: ([group, resource]) => (group as Check).with(names.resource, { resource: resource as string }),
  }),
  refines('subresource', 'subresource'),
  refines('namespace', 'namespace'),
  refines('name', 'name'),
  refines('fieldSelector', 'fieldSelector'),
  refines('labelSelector', 'labelSelector'),
  member('check', check(pathCheck), check(resourceCheck)),
  told('allowed', bool, ({ allowed }) => allowed),
  told('reason', text, ({ reason }) => reason),
  told('errored', bool, ({ error }) => error !== undefined),
  told('error', text, ({ error = '' }) => error),
]
