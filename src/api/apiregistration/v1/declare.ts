import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.kube_aggregator.pkg.apis.apiregistration.v1', {
  group: 'apiregistration.k8s.io',
  version: 'v1',
})
