import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.discovery.v1', { group: 'discovery.k8s.io', version: 'v1' })
