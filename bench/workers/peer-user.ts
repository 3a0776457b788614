/** The one whom all ask for: a user of the local stack. */
export const PEER_USER_ID = 3;

/** The same user as the product answers it; a question checks that, byte by byte, before it measures. */
export const PEER_USER = {
  id: PEER_USER_ID,
  username: 'johndoe',
  email: 'johndoe@example.com',
  firstName: '',
  lastName: '',
  isActive: true,
  isStaff: false,
  isSuperuser: false,
  dateJoined: '2026-01-01T00:00:00.000Z',
  lastLogin: null,
  revision: 1,
};

/** Where the raw value lies in Redis. */
export const PEER_VALUE = 'bench:value';
