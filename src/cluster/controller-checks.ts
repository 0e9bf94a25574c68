import type { HealthCheck } from '../server/health.js'

/** Upstream's names of controllers that are called otherwise here, or are several there. */
const upstream: { readonly [controller: string]: readonly string[] } = {
  attachdetach: ['persistentvolume-attach-detach'],
  certificatesigningrequest: [
    'certificatesigningrequest-signing',
    'certificatesigningrequest-approving',
    'certificatesigningrequest-cleaner',
  ],
  endpoint: ['endpoints'],
  'persistentvolume-reclaimer': ['persistentvolume-binder'],
  'resourceclaim-generator': ['resourceclaim'],
  'root-ca-cert-publisher': ['root-ca-certificate-publisher'],
}

/** A health check for each controller that was started, under the name it has upstream; each controller once. */
export function controllerChecks(controllers: readonly string[]): readonly HealthCheck[] {
  const names = new Set(controllers.flatMap(name => upstream[name] ?? [name]))
  return [...names].map(name => ({ name: `${name}-controller`, check: () => {} }))
}
