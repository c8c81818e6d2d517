/** What becomes of the first application; of an error, what can be told from it. */
export function attempt({ ClientConfigurationError, PublicClientApplication }) {
  try {
    new PublicClientApplication({ auth: { clientId: 'c' } });
    return 'it was made';
  } catch (error) {
    const { errorCode, field, remedy, cause } = error;
    return { isConfiguration: error instanceof ClientConfigurationError, errorCode, field, remedy, cause: cause?.message };
  }
}
