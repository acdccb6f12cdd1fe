/** Whether a header can carry this text: visible characters, spaces and tabs, and octets above ASCII (RFC 9110, section 5.5). */
export const fitsHeader = (text: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
