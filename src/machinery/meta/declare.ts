import { inPackage } from '../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.apimachinery.pkg.apis.meta.v1', {
  group: 'meta.k8s.io',
  version: 'v1',
})
/** Declares a kind that goes under plain `v1`. */
export const { kind: coreKind } = inPackage('k8s.io.apimachinery.pkg.apis.meta.v1', { group: '', version: 'v1' })
