import { forbiddenField, invalidValue, notSupported, required } from '../../../machinery/field-errors.js'
import { goQuote } from '../../../machinery/go-format.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { CustomResourceConversion, WebhookClientConfig } from './webhook-conversion.js'

const reviewVersions = ['v1', 'v1beta1']

/** Rules for how versions are converted. */
export function validateConversion(conversion: CustomResourceConversion | undefined, path: FieldPath): FieldError[] {
  if (!conversion) return []
  const { strategy, webhook } = conversion
  if (!strategy) return [required(path.child('strategy'))]
  if (strategy !== 'None' && strategy !== 'Webhook')
    return [notSupported(path.child('strategy'), strategy, ['None', 'Webhook'])]
  const config = path.child('webhookClientConfig')
  const versionsPath = path.child('conversionReviewVersions')
  const versions = webhook?.conversionReviewVersions ?? []
  if (strategy === 'None') {
    const refused = 'should not be set when strategy is not set to Webhook'
    return [
      ...(webhook?.clientConfig ? [forbiddenField(config, refused)] : []),
      ...(versions.length > 0 ? [forbiddenField(versionsPath, refused)] : []),
    ]
  }
  return [
    ...(webhook?.clientConfig
      ? validateClientConfig(webhook.clientConfig, config)
      : [required(config, 'required when strategy is set to Webhook')]),
    ...validateReviewVersions(versions, versionsPath),
  ]
}

function validateReviewVersions(versions: readonly string[], path: FieldPath): FieldError[] {
  if (versions.length === 0) return [required(path)]
  const errors: FieldError[] = []
  const seen = new Set<string>()
  versions.forEach((version, i) => {
    if (seen.has(version)) errors.push(invalidValue(path.index(i), version, 'duplicate version'))
    seen.add(version)
  })
  if (!versions.some(version => reviewVersions.includes(version)))
    errors.push(invalidValue(path, versions, `must include at least one of ${reviewVersions.join(', ')}`))
  return errors
}

function validateClientConfig({ url, service }: WebhookClientConfig, path: FieldPath): FieldError[] {
  if ((url === undefined) === (service === undefined))
    return [required(path, 'exactly one of url or service is required')]
  if (url !== undefined) return validateUrl(url, path.child('url'))
  const errors: FieldError[] = []
  const at = path.child('service')
  const { name, namespace, path: urlPath, port = 443 } = service ?? { name: '', namespace: '' }
  if (!name) errors.push(required(at.child('name'), 'service name is required'))
  if (!namespace) errors.push(required(at.child('namespace'), 'service namespace is required'))
  if (urlPath !== undefined && !urlPath.startsWith('/'))
    errors.push(invalidValue(at.child('path'), urlPath, "must start with a '/'"))
  if (port < 1 || port > 65_535)
    errors.push(invalidValue(at.child('port'), port, 'port is not valid: must be between 1 and 65535, inclusive'))
  return errors
}

const form = 'desired format: https://host[/path]'

function validateUrl(text: string, path: FieldPath): FieldError[] {
  if (!URL.canParse(text)) return [required(path, `url must be a valid URL: ${goQuote(text)}; ${form}`)]
  const { protocol, host, username, search, hash } = new URL(text)
  const errors: FieldError[] = []
  const refuse = (why: string) => errors.push(invalidValue(path, text, why))
  if (protocol !== 'https:') refuse(`'https' is the only allowed URL scheme; ${form}`)
  if (!host) refuse(`host must be specified; ${form}`)
  if (username) refuse('user information is not permitted in the URL')
  if (hash) refuse('fragments are not permitted in the URL')
  if (search) refuse('query parameters are not permitted in the URL')
  return errors
}
