export { type AuditMode, type AuditOptions, setUpAudit } from './audit-setup.js'
export { type AuditSetup, auditStage, failedAuthenticationStage } from './audit-stage.js'
export type { AuditEndpoint } from './audit-webhook.js'
