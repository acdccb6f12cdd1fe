/** Which environment variables hold secrets, judged by their names alone. */

/** Anywhere in a name: `PGPASSWORD`, `apiKey`. */
const partsOfSecrets = /TOKEN|KEY|SECRET|PASSW|PASSPHRASE|CREDENTIAL|OAUTH/;
/** As a word of its own: `COMPASS` and `AUTHORS` are no secrets. */
const wordsOfSecrets = new Set([
  ...['PASS', 'PWD', 'PAT', 'AUTH', 'CERT', 'CERTIFICATE', 'COOKIE', 'DSN', 'JWT', 'BEARER'],
  ...['PEM', 'PRIVATE', 'SALT', 'SIGNATURE', 'WEBHOOK', 'NETRC', 'KUBECONFIG'],
  // An address carries its password.
  ...['URL', 'URI'],
]);

export function looksLikeSecret(name: string): boolean {
  if (partsOfSecrets.test(name.toUpperCase())) return true;
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .split(/[^A-Z0-9]+/);
  return words.some((word) => wordsOfSecrets.has(word));
}
