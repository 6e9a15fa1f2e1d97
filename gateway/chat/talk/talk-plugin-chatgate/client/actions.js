import { handlePopupAuth } from 'plugin-api/beta/client/utils';

export const signInWithChatgate = () => (dispatch, getState, { rest }) => {
  handlePopupAuth(`${rest.uri}/auth/chatgate`);
};
