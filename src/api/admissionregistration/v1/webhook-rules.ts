import {
  duplicate,
  invalidValue,
  invalidValues,
  notSupported,
  required,
  tooMany,
} from '../../../machinery/field-errors.js'
import { dns1035Label, dns1123Subdomain, portNumber, qualifiedName } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { urlFault } from '../../../machinery/url-fault.js'
import { oneOf, requiredText } from '../../field-rules.js'
import type { MatchCondition, Rule, RuleWithOperations } from './match.js'
import type { FaultsAt } from './policy-expressions.js'
import type { ServiceReference, WebhookClientConfig } from './webhook.js'

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']

/** A rule of a webhook or of a policy. */
export function validateOperationRule(rule: RuleWithOperations, at: FieldPath): FieldError[] {
  const { operations: given = [] } = rule
  const here = at.child('operations')
  const errors: FieldError[] = []
  if (given.length === 0) errors.push(required(here))
  if (given.length > 1 && given.includes('*'))
    errors.push(invalidValue(here, given, "if '*' is present, must not specify other operations"))
  given.forEach((operation, i) => {
    if (!operations.includes(operation)) errors.push(notSupported(here.index(i), operation, operations))
  })
  return [...errors, ...validateRule(rule, at)]
}

function validateRule({ apiGroups = [], apiVersions = [], resources = [], scope }: Rule, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const list = (values: readonly string[], field: string, what: string): void => {
    if (values.length === 0) errors.push(required(at.child(field)))
    if (values.length > 1 && values.includes('*'))
      errors.push(invalidValue(at.child(field), values, `if '*' is present, must not specify other ${what}`))
  }
  list(apiGroups, 'apiGroups', 'API groups')
  list(apiVersions, 'apiVersions', 'API versions')
  apiVersions.forEach((version, i) => {
    if (!version) errors.push(required(at.child('apiVersions').index(i)))
  })
  errors.push(...validateResources(resources, at.child('resources')))
  return [...errors, ...oneOf(scope, ['*', 'Cluster', 'Namespaced'], at.child('scope'))]
}

function validateResources(resources: readonly string[], at: FieldPath): FieldError[] {
  if (resources.length === 0) return [required(at)]
  const errors: FieldError[] = []
  const wholeResources = new Set<string>()
  const wholeSubresources = new Set<string>()
  resources.forEach((text, i) => {
    {
      const here = at.index(i)
      if (!text) errors.push(required(here))
      const [resource = '', subresource] = text.split(/\/(.*)/s)
      if (subresource === undefined) return
      if (wholeResources.has(resource))
        errors.push(invalidValue(here, text, `if '${resource}/*' is present, must not specify ${text}`))
      if (wholeSubresources.has(subresource))
        errors.push(invalidValue(here, text, `if '*/${subresource}' is present, must not specify ${text}`))
      if (subresource === '*') wholeResources.add(resource)
      if (resource === '*') wholeSubresources.add(subresource)
    }
  })
  if (resources.length > 1 && resources.includes('*/*'))
    errors.push(invalidValue(at, resources, "if '*/*' is present, must not specify other resources"))
  if (resources.includes('*') && resources.some(text => text !== '' && text !== '*' && !text.includes('/')))
    errors.push(invalidValue(at, resources, "if '*' is present, must not specify other resources without subresources"))
  return errors
}

const mostConditions = 64

/** Conditions under which a webhook or a policy is asked. */
export function validateMatchConditions(
  conditions: readonly MatchCondition[] | undefined,
  at: FieldPath,
  faultsAt: FaultsAt,
): FieldError[] {
  if (!conditions) return []
  const errors: FieldError[] = []
  if (conditions.length > mostConditions) errors.push(tooMany(at, conditions.length, mostConditions))
  const names = new Set<string>()
  conditions.forEach(({ name, expression }, i) => {
    {
      const here = at.index(i)
      const place = here.child('expression')
      errors.push(...requiredText(expression.trim(), place), ...faultsAt(place, expression))
      errors.push(
        ...(name ? invalidValues(here.child('name'), name, qualifiedName(name)) : [required(here.child('name'))]),
      )
      if (names.has(name)) errors.push(duplicate(here.child('name'), name))
      names.add(name)
    }
  })
  return errors
}

const recognizedVersions = ['v1', 'v1beta1']

export function validateReviewVersions(versions: readonly string[] | null, at: FieldPath): FieldError[] {
  const listed = recognizedVersions.join(', ')
  if (!versions?.length) return [required(at, `must specify one of ${listed}`)]
  const errors: FieldError[] = []
  versions.forEach((version, i) => {
    if (versions.indexOf(version) < i) errors.push(invalidValue(at.index(i), version, 'duplicate version'))
    else errors.push(...invalidValues(at.index(i), version, dns1035Label(version)))
  })
  if (!versions.some(version => recognizedVersions.includes(version)))
    errors.push(invalidValue(at, versions, `must include at least one of ${listed}`))
  return errors
}

/** Where a webhook is: exactly one of a URL and a service. */
export function validateClientConfig({ url, service }: WebhookClientConfig, at: FieldPath): FieldError[] {
  if ((url === undefined) === (service === undefined))
    return [required(at, 'exactly one of url or service is required')]
  if (url !== undefined) return validateWebhookUrl(url, at.child('url'))
  return service ? validateWebhookService(service, at.child('service')) : []
}

const urlForm = '; desired format: https://host[/path]'
const urlParts = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/(?:([^/?#@]*)@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/

/** Also for conversion webhooks. */
function validateWebhookUrl(url: string, at: FieldPath): FieldError[] {
  const fault = urlFault(url)
  if (fault) return [required(at, `url must be a valid URL: ${fault}${urlForm}`)]
  const [, written = '', user, host = '', , query = '', fragment = ''] = urlParts.exec(url) ?? []
  const scheme = written.toLowerCase()
  const errors: FieldError[] = []
  if (scheme !== 'https') errors.push(invalidValue(at, scheme, `'https' is the only allowed URL scheme${urlForm}`))
  if (!host) errors.push(invalidValue(at, host, `host must be specified${urlForm}`))
  if (user !== undefined) errors.push(invalidValue(at, user, 'user information is not permitted in the URL'))
  if (fragment) errors.push(invalidValue(at, fragment, 'fragments are not permitted in the URL'))
  if (query) errors.push(invalidValue(at, query, 'query parameters are not permitted in the URL'))
  return errors
}

function validateWebhookService({ name, namespace, path, port = 443 }: ServiceReference, at: FieldPath) {
  const errors = [
    // Upstream takes one for the other: who leaves out the name reads of the namespace.
    ...requiredText(namespace, at.child('name')),
    ...requiredText(name, at.child('namespace')),
    ...invalidValues(
      at.child('port'),
      port,
      portNumber(port).map(message => `port is not valid: ${message}`),
    ),
  ]
  if (!path || path === '/') return errors
  const here = at.child('path')
  if (path === '//') return [...errors, invalidValue(here, path, 'segment[0] may not be empty')]
  if (!path.startsWith('/')) errors.push(invalidValue(here, path, "must start with a '/'"))
  const rest = path.slice(1)
  const segments = (rest.endsWith('/') ? rest.slice(0, -1) : rest).split('/')
  segments.forEach((segment, i) => {
    if (!segment) errors.push(invalidValue(here, path, `segment[${i}] may not be empty`))
    else
      for (const message of dns1123Subdomain(segment))
        errors.push(invalidValue(here, path, `segment[${i}]: ${message}`))
  })
  return errors
}
