import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.apps.v1', { group: 'apps', version: 'v1' })
