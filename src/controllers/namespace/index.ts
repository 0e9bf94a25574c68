export { namespaces } from './namespace-controller.js'
