import { forbiddenField, invalidValue, invalidValues, notSupported, required } from '../../../machinery/field-errors.js'
import { dns1035Label } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateClientConfig } from '../../admissionregistration/v1/webhook-rules.js'
import type { CustomResourceConversion } from './webhook-conversion.js'

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
  versions.forEach((version, i) => {
    if (versions.indexOf(version) < i) errors.push(invalidValue(path.index(i), version, 'duplicate version'))
    else errors.push(...invalidValues(path.index(i), version, dns1035Label(version)))
  })
  if (!versions.some(version => reviewVersions.includes(version)))
    errors.push(invalidValue(path, versions, `must include at least one of ${reviewVersions.join(', ')}`))
  return errors
}
