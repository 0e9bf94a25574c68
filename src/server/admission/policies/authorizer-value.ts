import {
  type AuthorizerAnswer,
  type AuthorizerQuestion,
  AuthorizerValue,
  PendingAnswer,
} from '../../../machinery/cel/index.js'
import { parseFieldSelector } from '../../../machinery/fields.js'
import type { UserInfo } from '../../../machinery/http.js'
import { parseLabelSelector } from '../../../machinery/labels.js'
import { accountGroups, accountUser, authenticatedGroup } from '../../authentication/user-names.js'
import { type AccessRequest, fieldRequirements, labelRequirements } from '../../authorization/access-request.js'
import type { Authorizer, Decision } from '../../authorization/authorizer.js'
import type { AdmissionRequest } from '../admission.js'

/** The variable `authorizer` of one request. Answers are kept, so that an expression may be evaluated again. */
export function authorizerValue(authorizer: Authorizer, request: AdmissionRequest): AuthorizerValue {
  const answers = new Map<string, Decision>()
  const { resource, subresource, namespace, name } = request
  return new AuthorizerValue(
    question => {
      const key = JSON.stringify(question)
      const known = answers.get(key)
      if (known) return answerOf(known)
      const decision = authorizer.authorize(userOf(request.user, question), accessOf(question))
      if (!(decision instanceof Promise)) {
        answers.set(key, decision)
        return answerOf(decision)
      }
      throw new PendingAnswer(decision.then(decision => answers.set(key, decision)))
    },
    {
      group: resource.kind.gvk.group,
      resource: resource.kind.plural,
      subresource,
      namespace,
      name,
    },
  )
}

/** Evaluates until nothing is left to wait for. */
export async function settled<T>(evaluate: () => T): Promise<T> {
  for (;;) {
    try {
      return evaluate()
    } catch (error) {
      if (!(error instanceof PendingAnswer)) throw error
      await error.until
    }
  }
}

const answerOf = ({ verdict, reason, error }: Decision): AuthorizerAnswer => ({
  allowed: verdict === 'allow',
  reason,
  ...(error === undefined ? {} : { error }),
})

const userOf = (user: UserInfo, { account }: AuthorizerQuestion): UserInfo =>
  account ? { name: accountUser(account), groups: [...accountGroups(account.namespace), authenticatedGroup] } : user

function accessOf(question: AuthorizerQuestion): AccessRequest {
  const { verb, path, group = '', resource = '', subresource = '', namespace = '', name = '' } = question
  if (path !== undefined) return { verb, path }
  const { fieldSelector, labelSelector } = question
  return {
    verb,
    path: '',
    resource: { group, version: '*', plural: resource, subresource, namespace, name, rest: '' },
    ...(fieldSelector ? { fieldSelector: fieldRequirements(parseFieldSelector(fieldSelector)) } : {}),
    ...(labelSelector ? { labelSelector: labelRequirements(parseLabelSelector(labelSelector)) } : {}),
  }
}
