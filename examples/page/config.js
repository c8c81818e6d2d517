// Whom to ask, as which client, and what for.

export const auth = {
  clientId: 'my-page',
  authority: 'https://id.example/realms/MyRealm',
};

export const scopes = ['email'];
