import React from 'react';
import { t } from 'plugin-api/beta/client/services';
import ChatgateButton from '../containers/ChatgateButton';

const SignUp = () => (
  <ChatgateButton>{t('talk-plugin-chatgate.sign_up')}</ChatgateButton>
);

export default SignUp;
