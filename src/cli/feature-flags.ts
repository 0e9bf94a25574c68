import type { Command } from 'commander'
import { featureGates, parseFeatureGates } from '../cluster/feature-gates.js'
import { OperatorError } from '../cluster/operator-error.js'
import { checkRuntimeConfig, parseRuntimeConfig, type RuntimeConfig } from '../cluster/runtime-config.js'
import { messageOf } from '../machinery/message-of.js'

/** What is served and what is switched, as the command line has it. */
export interface FeatureFlags {
  readonly runtimeConfig?: string
  readonly featureGates?: string
}

/** What is said again adds to what was said before. */
const also = (value: string, before: string | undefined): string => (before ? `${before},${value}` : value)

/** Adds the flag that every component has: they share what can be switched. */
export const withFeatureGates = (command: Command): Command =>
  command.option('--feature-gates <gates>', 'features to switch, as in StorageVersionMigrator=true', also)

/** Adds the flag that says what is served. */
export const withRuntimeConfig = (command: Command): Command =>
  command.option(
    '--runtime-config <versions>',
    'versions of the API to be served or not, as in storagemigration.k8s.io/v1beta1=true',
    also,
  )

/** The features that `--feature-gates` switches. Throws an `OperatorError` in upstream's words. */
export async function featureGatesOf({
  featureGates: text,
}: FeatureFlags): Promise<{ readonly [name: string]: boolean }> {
  return checked('--feature-gates', text, 'docs/operation.md names those that can be switched.', async text => {
    const asked = parseFeatureGates(text)
    featureGates(asked)
    return asked
  })
}

/** What `--runtime-config` says is served. Throws an `OperatorError` in upstream's words. */
export async function runtimeConfigOf({ runtimeConfig: text }: FeatureFlags): Promise<RuntimeConfig> {
  const how = 'Write group/version (/v1 is the core group’s), group/version/resource, or api/all, api/ga, api/beta.'
  return checked('--runtime-config', text, how, async text => {
    const config = parseRuntimeConfig(text)
    await checkRuntimeConfig(config)
    return config
  })
}

async function checked<T>(
  flag: string,
  text: string | undefined,
  remedy: string,
  read: (text: string) => Promise<T>,
): Promise<T> {
  try {
    return await read(text ?? '')
  } catch (error) {
    throw new OperatorError(
      `invalid argument ${JSON.stringify(text)} for ${JSON.stringify(flag)} flag: ${messageOf(error)}`,
      remedy,
      { cause: error },
    )
  }
}
