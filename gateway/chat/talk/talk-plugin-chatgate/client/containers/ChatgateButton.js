import { bindActionCreators } from 'redux';
import { connect } from 'plugin-api/beta/client/hocs';
import { signInWithChatgate } from '../actions';
import ChatgateButton from '../components/ChatgateButton';

const mapDispatchToProps = dispatch =>
  bindActionCreators({ onClick: signInWithChatgate }, dispatch);

export default connect(null, mapDispatchToProps)(ChatgateButton);
