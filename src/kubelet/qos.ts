export { type QosClass, qosClass } from '../api/core/v1/pod-qos.js'
