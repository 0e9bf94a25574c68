import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.resource.v1', { group: 'resource.k8s.io', version: 'v1' })
