import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.autoscaling.v2', { group: 'autoscaling', version: 'v2' })
