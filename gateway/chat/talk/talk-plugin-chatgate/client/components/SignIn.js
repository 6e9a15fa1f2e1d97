import React from 'react';
import { t } from 'plugin-api/beta/client/services';
import ChatgateButton from '../containers/ChatgateButton';

const SignIn = () => (
  <ChatgateButton>{t('talk-plugin-chatgate.sign_in')}</ChatgateButton>
);

export default SignIn;
