'use strict';

const crypto = require('crypto');

const PROVIDER = 'chatgate';
const ATTEMPTS = 3; // to write what two people may want at once: an id, or a name
const REMEMBERED = 10000; // tokens whose news have been looked at

const isDuplicate = err => err.code === 11000; // MongoDB's, of a unique index

// nameOf is the public name that Talk makes a username of, which keeps ASCII letters and _ alone: a name without a letter
// gives way to one that is made of the id (G12).
function nameOf({ sub, username }) {
  if (typeof username === 'string' && /[A-Za-z]/.test(username)) {
    return username.trim();
  }
  const digest = crypto.createHash('sha256').update(sub).digest();
  const letters = Array.from(digest.slice(0, 10), byte => String.fromCharCode(97 + byte % 26));
  return `user_${letters.join('')}`;
}

// addressOf is the e-mail address of a person, null unless the gateway says that it is verified.
const addressOf = ({ email, email_verified: verified }) =>
  verified === true && typeof email === 'string' && email.includes('@') ? email.trim().toLowerCase() : null;

// writtenBy marks the addresses that the plugin wrote; the others are a person's own, and are left alone. iat is that of the
// token that brought it.
const localProfile = (address, { iat }) => ({
  provider: 'local',
  id: address,
  metadata: { confirmed_at: new Date(), writtenBy: PROVIDER, iat },
});

// older is the condition that what a token is about to replace, and whose iat lies at path, came with an older one: tokens of
// several tabs arrive in any order, and at several processes at once.
const older = (path, { iat }) => ({ [path]: { $not: { $gte: iat } } });

const ours = ({ sub }) => ({ id: sub, profiles: { $elemMatch: { id: sub, provider: PROVIDER } } });
const isOurs = (user, { sub }) => user.profiles.some(({ id, provider }) => id === sub && provider === PROVIDER);
const known = user => (user.metadata && user.metadata[PROVIDER]) || null;

// People are the users of Talk whom the gateway vouches for. It writes with conditions in single updates, since several
// processes of Talk may meet a person at once.
class People {
  // Users is Talk's service and User its model; follows says whether update does anything.
  constructor({ Users, User, follows, log }) {
    Object.assign(this, { Users, User, follows, log, seen: new Set() });
  }

  // findOrCreate resolves with the user of a verified token (P2).
  async findOrCreate(claims) {
    const user = await this.upsert(claims);
    if (known(user)) {
      return user;
    }
    await this.addAddress(claims);
    await this.User.update(ours(claims), { $set: { [`metadata.${PROVIDER}`]: this.record(claims) } });
    return this.Users.findById(user.id);
  }

  // upsert reads again what another call has written first, and tries another name when somebody took this one.
  async upsert(claims) {
    return this.attempt(() => this.Users.upsertExternalUser(null, claims.sub, PROVIDER, nameOf(claims)));
  }

  async attempt(work) {
    for (let left = ATTEMPTS - 1; ; left--) {
      try {
        return await work();
      } catch (err) {
        if (!isDuplicate(err) || left === 0) {
          throw err;
        }
      }
    }
  }

  // update brings what changed upstream to a user who is here already, since Talk asks tokenUserNotFound only once (P4). It
  // looks at each token once, and never rejects: a name of yesterday is no reason to refuse a comment.
  async update(claims) {
    if (!this.follows || this.seen.has(claims.jti)) {
      return;
    }
    this.remember(claims.jti);
    try {
      const user = await this.Users.findById(claims.sub);
      if (user && isOurs(user, claims) && this.isNews(user, claims)) {
        await this.follow(user, claims);
      }
    } catch (err) {
      this.log(`a user could not be updated: ${isDuplicate(err) ? 'name or address taken' : err.name}`);
    }
  }

  remember(jti) {
    if (this.seen.size >= REMEMBERED) {
      this.seen.delete(this.seen.values().next().value);
    }
    this.seen.add(jti);
  }

  // isNews is false for a token that is older than the one that brought the name, such as one of another tab.
  isNews(user, { iat }) {
    const last = known(user);
    return !last || !(last.iat >= iat);
  }

  async follow(user, claims) {
    const before = known(user) ? known(user).username : user.metadata && user.metadata.displayName;
    await this.changeAddress(user, claims);
    if (nameOf(claims) !== before) {
      await this.rename(user, claims);
    }
  }

  // rename gives Talk's status of a name its due: where moderators refused the last one, or have yet to look at it, they
  // look at this one. What they say meanwhile stands, and the next token tries again.
  async rename(user, claims) {
    const former = user.status.username.status;
    const status = ['REJECTED', 'CHANGED'].includes(former) ? 'CHANGED' : 'SET';
    const unchanged = { 'status.username.status': former };
    await this.attempt(async () => {
      const username = await this.Users.getInitialUsername(nameOf(claims));
      await this.User.update(Object.assign(ours(claims), older(`metadata.${PROVIDER}.iat`, claims), unchanged), {
        $set: {
          username,
          lowercaseUsername: username.toLowerCase(),
          'metadata.displayName': nameOf(claims),
          [`metadata.${PROVIDER}`]: this.record(claims),
          'status.username.status': status,
        },
        $push: { 'status.username.history': { status, assigned_by: null, created_at: Date.now() } },
      });
    });
  }

  record(claims) {
    return { username: nameOf(claims), iat: claims.iat };
  }

  // changeAddress replaces an address that the plugin wrote, unless the person made a login of it by setting a password.
  async changeAddress(user, claims) {
    const address = addressOf(claims);
    const local = user.profiles.find(({ provider }) => provider === 'local');
    if (!address || user.password) {
      return;
    }
    if (!local) {
      await this.addAddress(claims);
    } else if (local.id !== address && local.metadata && local.metadata.writtenBy === PROVIDER) {
      const former = Object.assign({ id: local.id, provider: 'local' }, older('metadata.iat', claims));
      await this.write(
        { id: claims.sub, profiles: { $elemMatch: former } },
        { $set: { 'profiles.$': localProfile(address, claims) } }
      );
    }
  }

  // addAddress gives a user without an address one, as a local profile, to which Talk sends its notices. Whom a newer token
  // left without one stays without.
  async addAddress(claims) {
    const address = addressOf(claims);
    if (address) {
      const without = Object.assign(ours(claims), older(`metadata.${PROVIDER}.iat`, claims), {
        'profiles.provider': { $ne: 'local' },
      });
      await this.write(without, { $push: { profiles: localProfile(address, claims) } });
    }
  }

  // write swallows that somebody else has the address: they keep it, and this user does without.
  async write(query, change) {
    try {
      await this.User.update(query, change);
    } catch (err) {
      if (!isDuplicate(err)) {
        throw err;
      }
    }
  }
}

module.exports = { People, PROVIDER };
