/** Of a Node that simulates much: what a simulated deploy makes is soon over, and with more room for it less of it is copied. */
export const execArgv: string[] = ['--max-semi-space-size=64'];
