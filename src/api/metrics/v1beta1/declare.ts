import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.metrics.pkg.apis.metrics.v1beta1', {
  group: 'metrics.k8s.io',
  version: 'v1beta1',
})
