import React from 'react';
import PropTypes from 'prop-types';
import { BareButton } from 'plugin-api/beta/client/components/ui';
import styles from './ChatgateButton.css';

const ChatgateButton = ({ onClick, children }) => (
  <BareButton className={styles.button} onClick={onClick}>
    {children}
  </BareButton>
);

ChatgateButton.propTypes = {
  onClick: PropTypes.func.isRequired,
  children: PropTypes.node.isRequired,
};

export default ChatgateButton;
