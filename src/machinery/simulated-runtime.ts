/** The container runtime that simulated nodes name: behind their pods there is nothing that could be asked. */
export const simulatedRuntime = 'simulated://1'
