import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.node.v1', { group: 'node.k8s.io', version: 'v1' })
