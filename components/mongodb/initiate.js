// Makes the members one replica set and waits until it has a primary. `mongosh --nodb` runs it, again whenever the Job is another
// one: a set that is there is left as it is.
const fs = require('fs');

const { REPLICA_SET: set, MEMBERS: members, CREDENTIALS: folder } = process.env;
const hosts = members.split(',');
const read = (key) => fs.readFileSync(`${folder}/${key}`, 'utf8').replace(/\n+$/, '');
const deadline = Date.now() + 4 * 60 * 1000;

// These don't get better by waiting.
const hopeless = (error) => error.codeName === 'AuthenticationFailed' || error.name === 'OtherMembers';

let admin;

// primary asks the first member, which alone may hold data, and has it make the set if there is none.
function primary() {
  if (!admin) {
    const first = new Mongo(`mongodb://${hosts[0]}/?directConnection=true&serverSelectionTimeoutMS=5000`).getDB('admin');
    first.auth({ user: read('username'), pwd: read('password') });
    admin = first;
  }
  let status;
  try {
    status = admin.adminCommand({ replSetGetStatus: 1 });
  } catch (error) {
    if (error.codeName !== 'NotYetInitialized') throw error;
    admin.adminCommand({ replSetInitiate: { _id: set, members: hosts.map((host, _id) => ({ _id, host })) } });
    print(`${set} is made of ${members}`);
    return undefined;
  }
  const names = status.members.map(({ name }) => name);
  if ([...names].sort().join() !== [...hosts].sort().join()) {
    const error = new Error(`${set} has the members ${names}, and not ${hosts}: change them by rs.reconfig`);
    error.name = 'OtherMembers';
    throw error;
  }
  return status.members.filter(({ stateStr }) => stateStr === 'PRIMARY').map(({ name }) => name)[0];
}

for (let said = ''; ; sleep(1000)) {
  let problem = new Error('there is no primary yet');
  try {
    const name = primary();
    if (name) {
      print(`the primary is ${name}`);
      break;
    }
  } catch (error) {
    problem = error;
  }
  if (hopeless(problem) || Date.now() > deadline) throw problem;
  if (problem.message !== said) print((said = problem.message));
}
