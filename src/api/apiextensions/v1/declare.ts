import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1', {
  group: 'apiextensions.k8s.io',
  version: 'v1',
})
