// The app registration, whom to ask, and what for. If the authority is on another host, name that in manifest.json as well.

export const auth = {
  clientId: '00000000-0000-0000-0000-000000000000',
  authority: 'https://login.microsoftonline.com/organizations',
};

export const scopes = ['User.Read'];
