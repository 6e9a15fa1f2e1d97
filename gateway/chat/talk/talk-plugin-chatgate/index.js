'use strict';

const { connect } = require('./server/connect');

// Talk calls passport once, when it starts to serve, and checks that each of these two takes one argument.
module.exports = {
  passport(passport) { // eslint-disable-line no-unused-vars
    connect().install();
  },
  router(router) {
    connect().mount(router);
  },
  tokenUserNotFound({ jwt }) {
    return connect().userOf(jwt);
  },
};
