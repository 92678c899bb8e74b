var Ae=()=>performance.now(),ae=(t,e)=>t.addEventListener("abort",e),fe={colormap:"auto",opacity:.7,clip:99.5,threshold:0,sign:"both",blend:"normal",arrangement:"overlay"};function ce(t){if(!Number.isFinite(t))return"–";let e=Math.abs(t),r=e>=1e4||e>0&&e<.001?t.toExponential(1).replace("e+","e"):String(+t.toPrecision(3));return(t>0?"+":"")+r.replaceAll("-","−")}function re(t,e=1){let r=10**-e;return t>0&&200*t<r?`<${r} %`:`${(100*t).toFixed(e)} %`}var Re=t=>t[0].toUpperCase()+t.slice(1);function qe(t){let e=/-?\d*\.?\d+(e[-+]?\d+)?/i.exec(t.replace("−","-").replace(",","."));return e&&Number(e[0])}var We=t=>t!=="rest"&&t!=="stopped";function me(t){return typeof t=="string"?Uint8Array.from(atob(t),e=>e.charCodeAt(0)):new Uint8Array(t.buffer,t.byteOffset,t.byteLength)}function Ge(t,e,r,n){let o=e?t:0;return Float32Array.from({length:o+t+1},(s,l)=>{let c=(l-o)/t;return Math.sign(c)*Math.abs(c)**n*r})}var Qe=2047;function Xe(t,e,r){let{signed:n,gamma:o}=t,[s,l]=t.shape,c=t.peak||0,u=me(t.data),a=Ge(n?127:255,n,c,o),d=Ze(u,a),f={width:e,height:r,signed:n,nativeValues:a,nativeCounts:d};if(l===e&&s===r)return{...f,index:u,values:a,counts:d};let b=Float32Array.from(u,m=>a[m]),k=Ge(Qe,n,c,2),$=n?Qe:0,I=Vt(b,s,l,r,e),p=new Uint16Array(I.length);for(let m=0;m<I.length;m++){let x=I[m]/(c||1);p[m]=$+Math.round(Math.sign(x)*Math.sqrt(Math.abs(x))*Qe)}return{...f,index:p,values:k,counts:Ze(p,k)}}function Ze(t,e){let r=new Uint32Array(e.length);for(let n=0;n<t.length;n++)r[t[n]]++;return r}function Vt(t,e,r,n,o){return Ye(Ye(t,e,r,o,1),o,e,n,o)}function Ye(t,e,r,n,o){let s=new Float32Array(e*n),l=o===1;for(let c=0;c<n;c++){let u=Math.max(0,(c+.5)*r/n-.5),a=Math.min(Math.floor(u),r-1),d=Math.min(a+1,r-1),f=u-a;for(let b=0;b<e;b++){let k=l?b*r:b,$=t[k+a*o],I=t[k+d*o];s[l?b*n+c:c*o+b]=(1-f)*$+f*I}}return s}function i(t,...e){let[r,...n]=t.split("."),o=document.createElement(r||"div");r==="button"&&O(o,{type:"button"}),o.className=n.map(s=>`xw-${s}`).join(" ");for(let s of e)typeof s=="string"||s instanceof Node?o.append(s):O(o,s);return o}function O(t,e){for(let[r,n]of Object.entries(e)){let o=r.replace("_","data-xw-").replace("$","aria-");n==null||n===!1?t.removeAttribute(o):t.setAttribute(o,n===!0?"":`${n}`)}}function W(t,e){t.textContent!==e&&(t.textContent=e)}function ne(t,e){t.hidden=!e,W(t,e)}function C(t,e,r,n){for(let o of r.split(" "))e.addEventListener(o,n,{signal:t,passive:!1})}var se=t=>t.preventDefault(),tt=({ctrlKey:t,metaKey:e,altKey:r})=>t||e||r;function et(t,e,...r){let n=document.createElementNS("http://www.w3.org/2000/svg",t);return O(n,e),n.append(...r),n}function Me(t,e="",r="0 0 16 16"){return et("svg",{class:e,viewBox:r,preserveAspectRatio:"none",$hidden:"true"},et("path",{d:t}))}var nt=(t,...e)=>i("section.section",i("h3",t),...e),Ke=(t,e,...r)=>i(".row",{title:e||null},i("span.name",t),...r);function Ht(t){let e=new AbortController;return ae(t,()=>e.abort()),()=>(e.abort(),e=new AbortController,e.signal)}function ue(t,e,r){let n=[...e.children],o=Ht(t),s,l=[];return(c,u=c)=>{if(u===s)return l;s=u;let a=o(),d=c.map((f,b)=>r(f,b,a));return l=d.map(([,f])=>f),e.replaceChildren(...n,...d.flatMap(([f])=>f)),l}}function Ue(t,e,r){t.width=e,t.height=1;let n=new ImageData(e,1);for(let o=0;o<e;o++)n.data.set(r(o),4*o);t.getContext("2d")?.putImageData(n,0,0)}var Se=()=>`xw-${Math.random().toString(36).slice(2)}`;function ie(t,e,r,n,o){let s=Se(),l=n.map(([d,,f])=>i("input",{type:"radio",name:s,value:d,$label:f})),c=n.map(([,d],f)=>i("label.segment",l[f],d)),u=i(".segments",{role:"radiogroup",$label:e,_control:r});return u.append(...c),C(t,u,"change",({target:d})=>o(d.value)),C(t,u,"dblclick",()=>o(n[0][0])),[u,(d,f=null)=>{for(let[b,[k,,$]]of n.entries())O(c[b],{title:f??$}),O(l[b],{disabled:!!f}),l[b].checked=k===d}]}var Ee=[["inferno","Inferno",0,"00810080048183LK9E7R2LM21^2R_6^27^2R_2R__677dDd89fJKK]0^Q_Dd8fJK0LM277^2g_9Nd87^_DIK]]]KI777^2R_27^_27^2^QMM]KKKE99`87R2^QQQ0L0LKKKMKKKM2dJNNKIEd87EI07K]6d8KKKK]0^6^_8IdJIKKKKK]KM]011^QM2L`9g2LId2LK7LKI0I",[]],["viridis","Viridis",0,"44800181548279fJKKKMQQ2R__677777R_2R_Q_Q2R21^KQI971LE`_2LKKKId877R_Q2^Q2R_DI777de89E99fJEKIKfJKKKKKQKKK0LKKKMKKKMKKQK0L]KMQQQM_Q____DdDd8EEI_8deJEKQ]]677EIII9KfJKKKKKKKK0L]01^Q_2`DIIIKKK01^Q_D7EdeeD^fhM9L",[]],["cividis","Cividis",0,"008022814e81KKKKK<.K]_8EfJKKKKKKQK0L0L0L]KMKMKKKKQKKKKKKKEKKKKKIKKEKfJfJ9f/K]]Q2^2^QQM2^QQ2^]Q21^QQ21^]QQMM2111111LMMQQ]KMQ0LQKMKMKQKKQKKKKN^Q]K).LQ]KMKMKKKKKKIKEfJIEEEd8dJKIQKK0LQ]]]]Q_6^__DdDEE9KKQ]6IoN",[22,2,762,1]],["gray","Grey",0,"008100810081",[]],["coolwarm","Blue to red",1,"3b814c82c082KIE999EEd8E7E7`8`8d8d8EIIIIEKfJKKKQ]Q__DEEKKKQQ277EdJIKKM01^677LQQQM2^6^2777`DEIIEKKKKMQ2^_Dd8K[_8EI9KKKQ0^]_67`8EEEfJKKQ0^c8Z_J__D799KKK]]Q__8EfJK]]]_6EdJEKKM]27777d_87`87`D77d__27^2^QMMM]K]",[]],["BrBG","Brown to teal",1,"548230810580E9fJIIKKKKKK0999999]KKMK0IKKQKKBIEfJI*IE9fJI9KKKKKdKKKKQfLKKMKKKId89EIL]K0LK__27R_D677777]_____)7^_67CKQKM0LQKQKQKlJKKEKKd8E7EdJE9fJIE:E7E7`VfJ9KEK]]0111IK]KKK]8d8d8I6^27^2IKKKKKfJKKEKKE9fJE9",[126,-1,305,1,433,-1,638,-2]],["berlin","Blue to red, dark centre",1,"9e7eb080ff7f]Q_6777^]E7L;KEEId8EdD77RM]EK`QEfJKId8`__21LfJI9KKKKKKKKKKIK9KEKQM2^_DEQ679fJfJ9KIEEEd8`__2LQ9f8LEEIEEd87RMK9`21LM0L]K0LKKKKKKKKKQKQ67IK]677^__6^QMMMM0LKKf8`6^SfSM]KK9K99^K99RMKK9fJIde8E7`87`J",[]]];var $e=Ee.map(([t,e,r])=>({name:t,title:e,diverging:!!r})),rt=new Map;function we(t){let e=rt.get(t);if(e)return e;let[,,r,n,o]=Ee.find(([l])=>l===t)??Ee[0],s=jt(n,o,r);return rt.set(t,s),s}function jt(t,e,r){let n=new Uint8Array(768),o=Array.from({length:768},(s,l)=>{let c=t.charCodeAt(12+(l>>2))||75;return Math.floor((c-35)/3**(l&3))%3-1});for(let s=0;s<e.length;s+=2)o[e[s]]+=e[s+1];for(let s=0;s<3;s++){let l=+`0x${t.slice(4*s,4*s+2)}`,c=+`0x${t.slice(4*s+2,4*s+4)}`-128;for(let u=r;u<256;u++)n[3*u+s]=l,l+=c,c+=o[256*s+u-r]}return r&&n.copyWithin(0,3,6),n}function xe(t,e){let r=t==="auto"?e?"coolwarm":"inferno":t;return $e.find(n=>n.name===r)??$e[0]}function le(t,e,r){return Math.max(e,Math.min(r,t))}function ot(t,e){return e==="positive"?Math.max(t,0):e==="negative"?Math.min(t,0):t}function it(t,e,r){let{nativeValues:n,nativeCounts:o}=t,s=Array.from(n,(f,b)=>[Math.abs(ot(f,r)),o[b]]).sort(([f],[b])=>f-b),l=o.reduce((f,b)=>f+b),c=f=>{let b=f;for(let[k,$]of s)if(b-=$,b<0)return k;return 0},u=(l-1)*e/100,a=Math.floor(u),d=c(a);return d+(u-a)*(c(Math.min(a+1,l-1))-d)||c(l-1)}function st(t,e,r){return e<=0?0:le(ot(t,r)/e,-1,1)}function at(t,e,r,n){let o=0;for(let s=0;s<t.values.length;s++)Math.abs(st(t.values[s],e,n))>=r&&(o+=t.counts[s]);return o/t.index.length}function De(t,e){let r=Math.abs(t);return e?128+Math.sign(t)*Math.floor(127*r+.5):Math.floor(255*r+.5)}function Jt(t){return t*t*(3-2*t)}function lt(t,e){let{most:r,threshold:n,sign:o,lut:s,diverging:l,opaque:c}=e,u=new Uint8ClampedArray(4*t.length);for(let a=0;a<t.length;a++){let d=st(t[a],r,o);Math.abs(d)<n&&(d=0);let f=3*De(d,l);u[4*a]=s[f],u[4*a+1]=s[f+1],u[4*a+2]=s[f+2],u[4*a+3]=c?255:Math.floor(255*Jt(Math.abs(d))+.5)}return new Uint32Array(u.buffer)}function ct(t,e,r){for(let n=0;n<t.length;n++)t[n]=r[e[n]]}function ut(t,e,r,n){let o=new Array(n).fill(0);if(r<=e)return o;let s=(r-e)/n;for(let c=0;c<t.values.length;c++){let u=t.values[c];u===0||u<e||(o[Math.min(n-1,Math.floor((u-e)/s))]+=t.counts[c])}let l=Math.max(...o,1);return o.map(c=>Math.sqrt(c/l))}var Ie;function ye(t,e,r,n){let{width:o,height:s}=t,l=t.getContext("2d");if(!l)return;let c=Math.min(o/e.width,s/e.height),[u,a]=[Math.round(e.width*c),Math.round(e.height*c)],[d,f]=[o-u>>1,s-a>>1];if(l.globalAlpha=1,l.globalCompositeOperation="source-over",l.clearRect(0,0,o,s),l.imageSmoothingEnabled=Math.max(e.width,e.height)>=64,l.drawImage(e,d,f,u,a),!r?.peak||!u||!a)return;Ie??=new OffscreenCanvas(1,1),Object.assign(Ie,{width:u,height:a});let{opacity:b,blend:k}=n,[$,I]=dt(r,u,a,n,!1);return Ie.getContext("2d").putImageData($,0,0),l.globalAlpha=b,l.globalCompositeOperation=k==="normal"?"source-over":k,l.drawImage(Ie,d,f),l.globalAlpha=1,l.globalCompositeOperation="source-over",I}function Ce(t,e,r){let{width:n,height:o}=t;e.shape[0]&&t.getContext("2d")?.putImageData(dt(e,n,o,r,!0)[0],0,0)}function dt(t,e,r,n,o){let s=Ae(),l=new ImageData(e,r),c=Xe(t,e,r),{clip:u,sign:a,threshold:d}=n,{name:f,diverging:b}=xe(n.colormap,t.signed),k=it(c,u,a),$={most:k,threshold:d,sign:a,lut:we(f),diverging:b,opaque:o};ct(new Uint32Array(l.data.buffer),c.index,lt(c.values,$));let I=at(c,k,d,a);return[l,{map:c,most:k,kept:I,colormap:f,milliseconds:Ae()-s}]}var pt=[["heatmap","Open in the heatmap viewer"],["faithfulness","Does the map tell the truth?"],["comparison","Compare gradients"]],zt=288;function ft(t,e,r){let n=i("canvas.photo",{role:"img"}),o=i(".placebox",{hidden:!0}),s=i(".photobox",n,o),[l,c]=[i("p.facts.key"),i("p.facts")],u=i(".bars"),a=i(".near"),d=i("section.part",i("h3","Looks most like"),a),f=i(".verdicts"),b=i("button.link",{_control:"undo"},"Undo"),k=i("span"),$=i("section.part",i("h3.split","What is it?",k),f,b),I=pt.map(([v,R])=>i("button.wide",{_control:`open-${v}`},R)),p=i("button.wide",{_control:"cover"}),m=i("p.tried"),x=i("section.part.test",i("p",i("b","Test it. "),"Draw a box on the picture over what you suspect, and cover it in all that are shown: the change is told beside that of random places."),p,m),y=i("section.part",...I),E=i("p.nothing","Choose a picture: click one, or walk with the arrow keys."),h="prediction",K,w,M=-1,H,N=[1,1],[Q,z]=ie(t,"Map for","map-of",[["prediction","answer"],["label","label"]],v=>{h=v,V()}),ee=i(".chosen",s,Q,l,c,u,d,$,x,y),Y=i(".one",E,ee);C(t,b,"click",e.undo),I.forEach((v,R)=>{C(t,v,"click",()=>r.open(pt[R][0]))}),C(t,p,"click",()=>{w&&e.cover([...e.rows],w)});let g,S=({clientX:v,clientY:R})=>{let{left:L,top:F,width:_,height:Z}=n.getBoundingClientRect(),G=oe=>Math.max(0,Math.min(1,oe));return[G((v-L)/_),G((R-F)/Z)]};C(t,n,"pointerdown",v=>{e.frozen||!e.head?.able||(g=S(v),n.setPointerCapture(v.pointerId),se(v))}),C(t,n,"pointermove",v=>{if(!g)return;let R=S(v),[L,F]=[Math.min(g[0],R[0]),Math.min(g[1],R[1])];w=[L,F,Math.abs(R[0]-g[0]),Math.abs(R[1]-g[1])],A()}),C(t,n,"pointerup pointercancel",()=>{g=void 0,w&&w[2]*w[3]<2e-4&&(w=void 0),A()});function A(){let v=w??e.set(e.looks.slice)?.box??void 0;if(o.hidden=!v,v){let[L,F,_,Z]=v.map(G=>`${100*G}%`);o.style.cssText=`left:${L};top:${F};width:${_};height:${Z}`}w??=v?[...v]:void 0;let R=e.rows.length;W(p,w?`Cover it in these ${R.toLocaleString("en")} pictures`:"Draw a box on the picture"),p.disabled=!w||!!e.experiment?.busy||!R}let T=ue(t,f,(v,R,L)=>{let F=i("button.verdict",{$pressed:"false"},i("span.keycap",String(R+1)),v);return C(L,F,"click",()=>r.decide(v)),[F,()=>O(F,{$pressed:String(e.table?.word("verdict",M)===v)})]}),B=ue(t,u,([v,R,L])=>{let F=i("span.class",v,L&&i("span.note",` ${L}`));return F.style.backgroundSize=`${100*R}% 100%`,[i(".bar",{_kind:L},F,i("span.chance",re(R))),()=>{}]}),U=ue(t,a,(v,R,L)=>{let F=i("canvas",{$hidden:"true"}),_=i("button.mini",F);C(L,_,"click",()=>r.choose(v));let Z=!1;return[_,()=>{let{table:G}=e,oe=G?.word("prediction",v)??"",te=G?.word("label",v)??"",de=te&&te!==oe?`${oe}, labelled ${te}`:oe;O(_,{title:de,$label:de,_wrong:!!(te&&te!==oe)});let ve=e.pictures.bitmap(v);!ve||Z||(Z=!0,Object.assign(F,{width:112,height:112}),ye(F,ve,void 0,e.looks))}]});async function P(v,R){try{let L=await createImageBitmap(new Blob([me(R.data)],{type:R.mime}));H?.bitmap.close(),H={row:v,picture:R,bitmap:L},v===M&&D()}catch(L){console.warn(L)}}function D(){let v=H?.row===M?H.bitmap:e.pictures.bitmap(M);if(!v)return;let R=Math.min(devicePixelRatio||1,2),L=zt*R/Math.max(v.width,v.height),F=[Math.round(v.width*L),Math.round(v.height*L)];(n.width!==F[0]||n.height!==F[1])&&Object.assign(n,{width:F[0],height:F[1]}),N=F,s.style.setProperty("--xw-aspect",String(N[0]/N[1])),K=ye(n,v,e.looks.maps?J():void 0,e.looks),O(n,{_sharp:H?.row===M,_row:M})}function J(){if(h==="prediction"||j())return e.pictures.sprite(M)?.map;let v=e.labelMap(M);return typeof v=="string"?void 0:v}let j=()=>{let{table:v}=e,R=v?.word("label",M);return!R||R===v?.word("prediction",M)};function V(){let{table:v,frozen:R,head:L,looks:F}=e,_=F.row??-1,Z=!!(v&&_>=0&&_<v.count);if(E.hidden=Z,ee.hidden=!Z,!v||!Z)return;_!==M&&(M=_,w=void 0,e.lookAt(_));let G=e.detail(_);G?.picture&&H?.picture!==G.picture&&P(_,G.picture);let[oe,te]=[v.word("prediction",_),v.word("label",_)],de=v.number("probability",_);Q.hidden=j()||R&&e.labelMap(_)===void 0,h==="label"&&!Q.hidden&&e.askLabelMap(_),z(h),D(),A(),W(l,[v.word("key",_),`row ${_.toLocaleString("en")}`,...q(_)].filter(Boolean).join(" · "));let ve=h==="label"&&typeof e.labelMap(_)=="string"?String(e.labelMap(_)):"";ne(c,[G?.words,ve].filter(Boolean).join(" "));let pe=!!v.correct[_],be=(G?.top??[]).map(({name:X,probability:ze,index:Bt})=>[X,ze,Dt(X,Bt)]),Te=Math.exp(-v.number("loss",_)),Pe=[];oe&&!Number.isNaN(de)&&Pe.push([oe,de,pe?"right":te?"wrong":""]),te&&!pe&&!Number.isNaN(Te)&&Pe.push([te,Te,"label"]),be.length&&te&&!pe&&!be.some(([X])=>X===te)&&be.push([te,Te,"label"]);function Dt(X,ze){return X===te?pe?"right":"label":X===oe&&te&&!pe?"wrong":""}let je=be.length?be:Pe;for(let X of B(je,JSON.stringify(je)))X();let ke=e.nearest(_);d.hidden=!ke.length,e.wantAlso(ke,"chosen");for(let X of U(ke,ke.join()))X();let Je=r.subjects();W(k,Je.length>1?`${Je.length.toLocaleString("en")} chosen`:""),$.hidden=R&&!v.word("verdict",_),b.hidden=R;for(let X of T(e.verdict_words))X();for(let X of f.querySelectorAll("button"))X.disabled=R;x.hidden=y.hidden=R||!L?.able;let{experiment:Oe}=e;O(m,{_survives:Oe?.survives}),ne(m,Oe?.busy?"Covering …":Oe?.words??"");let Ft=We(e.state())&&["gone","silent"].includes(e.state());for(let X of I)X.disabled=Ft;O(n,{$label:`${v.word("key",_)}: ${oe} ${Number.isNaN(de)?"":re(de)}${te&&!pe?`, labelled ${te}`:""}`})}function q(v){let{table:R,head:L}=e,F=(L?.metadata??[]).slice(0,6).map(Z=>{let G=R.word(Z,v);return G&&`${Z} ${G}`}),_=R.number("loss",v);return[...F,Number.isNaN(_)?"":`loss ${ce(_).replace("+","")}`]}return{part:[Y,V],painted:()=>M>=0?K:void 0,paint:()=>{D();for(let v of U(e.nearest(M),e.nearest(M).join()))v()}}}var he=65535;function mt(t,e){if(!e)return[0,1];let r=1.959964,n=t/e,o=(n+r*r/(2*e))/(1+r*r/e),s=r/(1+r*r/e)*Math.sqrt(n*(1-n)/e+r*r/(4*e*e));return[Math.max(0,o-s),Math.min(1,o+s)]}function ht(t,e){let[r,n]=[t.codes("label"),t.codes("prediction")],o=new Map,s=t.classes.length;for(let l=0;l<t.count;l++){if(e&&!e[l]||r[l]===he||n[l]===he)continue;let c=r[l]*s+n[l];o.set(c,(o.get(c)??0)+1)}return o}function gt(t,e){let r=new Map;for(let[n,o]of t){let s=Math.floor(n/e);r.set(s,(r.get(s)??0)+o)}return[...t].map(([n,o])=>{let s=Math.floor(n/e);return{label:s,prediction:n%e,count:o,share:o/r.get(s)}}).filter(({label:n,prediction:o})=>n!==o).sort((n,o)=>o.count-n.count||o.share-n.share||n.label-o.label)}function bt(t,e,r,n){let o=[],s=n.length/2;for(let l=0;l<t.length;l++){if(!r[l]||Number.isNaN(t[l]))continue;let[c,u]=[t[l],e[l]],a=!1;for(let d=0,f=s-1;d<s;f=d++){let[b,k]=[n[2*d],n[2*d+1]],[$,I]=[n[2*f],n[2*f+1]];k>u!=I>u&&c<($-b)*(u-k)/(I-k)+b&&(a=!a)}a&&o.push(l)}return o}function Fe({shapes:t,peaks:e,signed:r,data:n},o){let s=me(n).slice(),l=0;return e.map((c,u)=>{let a=[t[2*u],t[2*u+1]],d=r[u],f=[d?-c:0,c],b=s.subarray(l,l+a[0]*a[1]);return l+=b.length,{shape:a,signed:d,peak:c,gamma:o,range:f,data:b,state:c?"ok":"zero",message:""}})}var wt=64;function xt(t){let e=[],r,n=new Map,o="",s=(c,u,a)=>`${c} ${u} ${a}`;function l(c){r=c,o="";let u=Fe(c.maps,c.gamma),a=Fe(c.differences,c.gamma);n=new Map([...c.cells.map(([d,f],b)=>[s("cell",d,f),u[b]]),...c.labels.map((d,f)=>[s("difference",d,d),a[f]])])}return{shown:!1,canvas(c,u,a,d){let b=i("canvas.meanmap",d?{title:d,role:"img",$label:d}:{$hidden:"true"});return e.push([s(c,u,a),b]),b},forget(){e=[],o=""},closed:()=>t.frozen&&!t.means?"not in this saved page":null,words(){return this.shown?t.busy("means")?"Adding up maps …":t.words("means")||(t.means?.words??""):""},paint(){let{table:c,means:u,looks:a}=t;if(!this.shown||!c?.done)return;c.done+c.failed===c.count&&t.askMeans(),u&&u!==r&&l(u);let d=JSON.stringify({...a,chosen:0,row:0,filter:0});if(!(!u||d===o)){o=d;for(let[f,b]of e){let k=n.get(f);Object.assign(b,k?{width:wt,height:wt}:{width:0,height:0}),O(b,{_there:!!k}),k&&Ce(b,k,a)}}}}}var Ne=25,Be=12,yt=200;function vt(t,e,r){let n=e.length,o=Math.min(r,n),s=[],l=0;for(let a=0;a<o;a++){let d=Math.floor(n/o)+ +(a<n%o);s.push(e.slice(l,l+d)),l+=d}let c=new Map(s.flatMap((a,d)=>a.map(f=>[f,d]))),u=s.map(()=>new Array(o).fill(0));for(let[a,d]of t)u[c.get(Math.floor(a/n))][c.get(a%n)]+=d;return{counts:u,bundles:s}}function kt(t,e,r){let n=i("table.matrix",{_control:"confusion"}),o=i(".pairs"),[s,l,c]=[i("p.facts"),i("p.facts"),i("p.facts")],u=i(".matrixbox",n),a=xt(e),[d,f]=ie(t,"Cells show","cells",[["counts","counts"],["maps","mean maps"]],h=>{a.shown=h==="maps",y()}),b=i(".tools2",s,i("span.spring"),d),k=i("button.link",{_control:"more-confusions"}),$=i("h3","Taken for another"),I=i(".confusion",b,c,u,$,o,k,l),p="",m=!1;C(t,k,"click",()=>{m=!m,y()});let x=ue(t,o,({label:h,prediction:K,count:w,share:M},H,N)=>{let{classes:Q}=e.table,z=i("button.set.pair",i("span.title",`${Q[h]} → ${Q[K]}`));return z.append(a.canvas("cell",h,K,`mean map of ${Q[h]} → ${Q[K]}`),a.canvas("cell",h,h,`mean map of ${Q[h]} answered right`),a.canvas("difference",h,h,`${Q[h]}: right less wrong`),i("span.figure",w.toLocaleString("en")),i("span.note",`${re(M,0)} of them`)),C(N,z,"click",()=>r.show({label:[h],prediction:[K]},"")),[z,()=>{}]});function y(){let{table:h}=e;if(!h)return;let K=h.classes.length,w=K>Ne;w&&h.done+h.failed===h.count&&e.read("order"),f(a.shown?"maps":"counts",a.closed()),ne(c,a.words()),O(I,{_maps:a.shown&&!!e.means});let M=`${h.answered} ${e.order?.length} ${m}`;if(M===p){a.paint();return}p=M,a.forget();let H=ht(h),N=gt(H,K),Q=N.reduce((A,{count:T})=>A+T,0),z=e.order?[...e.order]:h.classes.map((A,T)=>T),ee=`${Q.toLocaleString("en")} of ${e.total.labelled.toLocaleString("en")} pictures are taken for another class.`;W(s,w?`${ee} ${K.toLocaleString("en")} classes in ${Math.min(Ne,K)} bundles, those that are confused beside each other; a cell shows its pictures.`:`${ee} Labels down, answers across; a cell, a row or a column shows its pictures.`),w?E(vt(H,z,Ne),h.classes,!0):E(vt(H,h.classes.map((A,T)=>T),Ne),h.classes,!1),w&&I.append(u);let Y=m?yt:Be;x(N.slice(0,Y));let g=N.slice(Y).reduce((A,{count:T})=>A+T,0),S=(N.length-Y).toLocaleString("en");ne(l,g?`and ${g.toLocaleString("en")} in ${S} other confusions`:""),k.hidden=N.length<=Be,W(k,m?"Fewer":`Show ${Math.max(0,Math.min(yt,N.length)-Be)} more`),a.paint()}function E({counts:h,bundles:K},w,M){let H=h.map(g=>g.reduce((S,A)=>S+A,0)),N=g=>g.length>1?`${w[g[0]]} and ${g.length-1} more`:w[g[0]],Q=(g,S)=>(C(t,g,"click",()=>r.show(S,"")),g),z=K.map(g=>i("th",{scope:"col"},Q(i("button.turned",{title:`answers: ${N(g)}`},M?"":N(g)),{prediction:g}))),ee=h.map((g,S)=>{let A=K[S],T=Q(i("button.side",{title:`labels: ${N(A)}`},N(A)),{label:A}),B=g.map((U,P)=>{let D=H[S]?U/H[S]:0,J=S===P,j=`${N(A)}, answered ${N(K[P])}: ${U}`,V=i("button.cell",{title:j,$label:j,disabled:!U},M||!U?"":String(U));V.style.setProperty("--xw-weight",`${Math.round(100*Math.sqrt(D))}%`),!M&&U&&V.prepend(a.canvas("cell",A[0],K[P][0],"")),O(V,{_right:J,_strong:D>.45});let q={label:A,prediction:K[P]};return i("td",Q(V,M&&J?{...q,correct:!1}:q))});if(!M){let U=`${N(A)}: where evidence lies in right answers and not in wrong ones`,P=i("span.cell",{title:U,role:"img",$label:U});P.append(a.canvas("difference",A[0],A[0],"")),B.push(i("td.less",P))}return i("tr",i("th",{scope:"row"},T),...B)}),Y=M?[]:[i("th.less",{scope:"col"},i("span.turned","right − wrong"))];n.replaceChildren(i("tr",i("td"),...z,...Y),...ee),O(n,{_many:M}),n.style.setProperty("--xw-n",String(K.length))}return[I,y]}var qt=5e3,At=160,Mt=112;function Kt(t,e,r){let[n,o]=[i("p.facts"),i("p.facts")],s=i(".groupcards"),l=i("button.wide",{_control:"group"}),c="features",[u,a]=ie(t,"Alike by","groups-of",[["features","what it looks at","The layer's features, weighted by the map"],["maps","where it looks","The maps themselves, made 16 x 16"]],p=>{c=p,e.group(c)});C(t,l,"click",()=>e.group(c));let d=i(".groups",i(".tools2",u,i("span.spring"),l),n,s,o);function f({mask:p}){let m=e.table,x=m.codes("prediction"),y=new Map,[E,h]=[0,-1];for(let w=0;w<p.length;w++){if(!p[w])continue;E++;let M=(y.get(x[w])??0)+1;y.set(x[w],M),M>(y.get(h)??0)&&(h=x[w])}let K=re((y.get(h)??0)/(E||1),0);return h<0?"":`${K} answered ${m.classes[h]??h}`}let b=ue(t,s,(p,m,x)=>{let y=i("canvas.meanmap",{$hidden:"true"});Object.assign(y,{width:At,height:At});let E=p.first.map(()=>i("canvas",{$hidden:"true"}));for(let N of E)Object.assign(N,{width:Mt,height:Mt});let[h,K]=[i("span"),i("span",`${p.count.toLocaleString("en")} pictures`)],w=re(p.count/(e.groups?.of_rows||p.count),0),M=i("button.groupcard",{_group:m},y,i(".about2",i("b",p.title,i("span.note",` ${w}`)),K,i("span",f(p)),h,i(".near",...E)));if(C(x,M,"click",()=>r.show({},p.id)),p.accuracy!==null){let N=p.count,Q=(p.interval??mt(p.accuracy*N,N)).map(z=>re(z,0));W(h,`${re(p.accuracy,0)} right [${Q.join(", ")}]`)}let H="";return[M,()=>{O(M,{$pressed:String(e.looks.slice===p.id)});let N=JSON.stringify({...e.looks,chosen:0,row:0});if(N!==H){let Q=e.groups?.mean[m];Q&&Ce(y,Q,e.looks)}p.first.forEach((Q,z)=>{let ee=e.pictures.bitmap(Q),Y=E[z];if(!ee||Y.dataset.xwLook===N)return;let g=e.looks.maps?e.pictures.sprite(Q)?.map:void 0;ye(Y,ee,g,e.looks),O(Y,{_look:N})}),H=N}]}),k=[],$;function I(){let{table:p,groups:m,frozen:x,rows:y}=e;if(!p||e.looks.view!=="groups")return;let E=p.done+p.failed===p.count,h=e.busy("groups")||m||e.words("groups");E&&!h&&!x&&y.length&&y.length<=qt&&e.group(c);let K=y.length.toLocaleString("en");W(l,`Group the ${K} pictures that are shown`),l.hidden=x,l.disabled=!y.length||e.busy("groups"),a(m?.of??c,x?"not in this saved page":null);let w=m?.stability,M=w==null?"They are one group: no gap parts them.":`Drawn again from 80 % of them, the groups agree to ${ce(w).replace("+","")} of 1.`,H=m?.of_rows.toLocaleString("en");ne(n,e.busy("groups")?"Looking for groups …":e.words("groups")||(m?`The maps of ${H} pictures. ${M}`:"")),ne(o,m?`${m.words} A group that is nearly always right and looks at one place is worth a suspicion. A map alone is no proof: cover the place.`:"");let Q=m?e.sets("groups"):[];$!==m&&($=m,k=Q.flatMap(({first:z})=>z)),e.wantAlso(k,"groups");for(let z of b(Q,m))z()}return[d,I]}function St(t,e,r){let n=i("button.link.back",{_control:"back"},"← Back to the pictures"),o=i("span.facts"),[s,l]=ie(t,"Viewer","viewer",[["heatmap","Heatmap"],["faithfulness","Faithfulness"],["comparison","Gradients"]],$=>r.open($)),c=i("p.nothing",{hidden:!0}),u=i(".place"),a=i(".inplace",{hidden:!0},i(".tools2",n,o,i("span.spring"),s),c,u),d;C(t,n,"click",k),t.addEventListener("abort",()=>d?.());function f($,I){a.hidden=!1,l($),W(o,I),ne(c,"Opening …"),d?.(),d=void 0,u.replaceChildren(),n.focus({preventScroll:!0})}async function b($){if(!a.hidden){if($.words)return ne(c,$.words);try{let I=await e.widget_manager.get_model($.model),p=new Blob([String(I.get("_esm"))],{type:"text/javascript"}),m=URL.createObjectURL(p),x=(await import(m)).default;URL.revokeObjectURL(m);let y=i("");u.replaceChildren(y);let E=y.attachShadow({mode:"open"}),h=document.createElement("style");h.textContent=String(I.get("_css"));let K=document.createElement("div");E.append(h,K);let w=new AbortController;x.render({model:I,el:K,signal:w.signal}),d=()=>w.abort(),ne(c,"")}catch(I){ne(c,`This host cannot show a viewer in place (${I}). In a cell: xw.HeatmapViewer(study.engine, ...)`)}}}function k(){a.hidden||(d?.(),d=void 0,u.replaceChildren(),a.hidden=!0,r.closed())}return{element:a,wait:f,take:b,close:k,isOpen:()=>!a.hidden}}var Et=380;function $t(t,e,r,n,o){let s=Se(),l=i(".popup",{role:"listbox",id:s,$label:n,hidden:!0}),c=[],u=[],a=-1;e.append(l),ae(t,()=>l.remove()),O(r,{role:"combobox",$haspopup:"listbox",$expanded:"false",$controls:s}),C(t,l,"pointerdown mousedown",se),C(t,r,"blur",d);function d(){l.hidden||(l.hidden=!0,O(r,{$expanded:"false",$activedescendant:null}))}function f(p){!p||p.reason||(d(),o(p.value))}function b(p){c[a]?.removeAttribute("data-xw-active"),a=p;let m=c[p];if(O(r,{$activedescendant:m?.id}),!m)return;O(m,{_active:!0});let{offsetTop:x,offsetHeight:y}=m;l.scrollTop=le(l.scrollTop,x+y-l.clientHeight+4,Math.max(0,x-28))}function k(p,m){for(let x=p;u[x];x+=m)if(!u[x]?.reason){b(x);break}}function $(p,m,x){let{value:y,reason:E,note:h,swatch:K}=p,w=i("label.option",{id:`${s}-${m}`,role:"option",$selected:String(y===x),$disabled:E?"true":null,_value:y});return K&&w.append(K()),w.append(i("span.label",p.label),i("span.note",E??h??"")),C(t,w,"click",()=>f(p)),w}function I(){let p=l.offsetParent.getBoundingClientRect(),m=r.getBoundingClientRect(),x=p.bottom-m.bottom-12,y=m.top-p.top-12,E=x<Math.min(l.scrollHeight+2,Et)&&y>x,h=p.width-16,K=Math.min(m.left-p.left-1,h+8-l.offsetWidth);l.style.cssText=`min-width:${Math.min(m.width,h)}px;left:${Math.max(8,K)}px;max-height:${le(E?y:x,120,Et)}px;${E?`bottom:${p.bottom-m.top+3}`:`top:${m.bottom-p.top+3}`}px`}return{isOpen:()=>!l.hidden,close:d,walk:k,open(p,m){u=p,a=-1,c=u.map((h,K)=>$(h,K,m)),l.replaceChildren();let x,y=l;u.forEach((h,K)=>{h.group&&h.group!==x&&(x=h.group,y=i("",{role:"group",$label:x},i(".group",x)),l.append(y)),y.append(c[K])}),l.hidden=!1,O(r,{$expanded:"true"}),I();let E=u.findIndex(({value:h})=>h===m);E<0?k(0,1):b(E)},find(p){let m=u.length,x=Math.max(0,p.length>1?a:a+1);for(let y=0;y<m;y++){let{label:E,reason:h}=u[(x+y)%m];if(!(h||!E.toLowerCase().startsWith(p))){b((x+y)%m);break}}},key(p){let{key:m}=p;if(m==="ArrowDown")k(a+1,1);else if(m==="ArrowUp")k(a-1,-1);else if(m==="Enter")f(u[a]);else if(m==="Escape")d(),p.stopPropagation();else return!1;return se(p),!0}}}var Wt=700;function ge(t,e,r,n,o,s,l){let[c,u]=[i("span.label"),i("span.note")],a=Me("M4 6.5l4 4 4-4"),d=i(`button.field.picker.${o}`,{_control:n},c,u,a),f=$t(t,e,d,r,s),b=[],k=[],$="",I="",p=0,m=()=>{d.focus(),k=typeof b=="function"?b():b,f.open(k,$)};return C(t,d,"click",()=>f.isOpen()?f.close():m()),l&&C(t,d,"dblclick",l),C(t,d,"keydown",x=>{let{key:y,timeStamp:E}=x,h=/^[^ ?]$/.test(y)&&!tt(x);if(f.isOpen()){if(f.key(x))return;if(y==="Home")f.walk(0,1);else if(y==="End")f.walk(k.length-1,-1);else if(!h)return}else if(h||y==="ArrowDown"||y==="ArrowUp")m();else return;se(x),h&&(I=E-p>Wt?y:I+y,p=E,f.find(I.toLowerCase()))}),{element:d,show(x,y,E,h="",K=!1){b=x,$=y,W(c,E),O(c,{title:E}),W(u,h),O(u,{title:h||null}),O(d,{disabled:K,$label:`${r}: ${E}${h&&`, ${h}`}`})}}}var It=80;function Nt(t,e,r){let n=i("canvas.ramp",{_canvas:"bar"}),o=Me("","xw-spread",`0 0 ${It} 1`),s=i(".mark",{hidden:!0}),[l,c]=[i("span"),i("span")],u=p=>e.look("colormap",p),a=ge(t,r,"Colormap","colormap","plain",u,()=>u("auto")),d=i(".ends",l,a.element,c),f=i(".colourbar",o,i(".rampbox",n,s),d),[b,k]=[0,1];function $(p){let{colormap:m,threshold:x,sign:y}=e.appearance,E=p?.map.signed??e.method?.signed??!1,{name:h,diverging:K,title:w}=xe(m,E),M=p?.most??0;b=E&&y!=="positive"&&(K||y==="negative")?-1:0,k=E&&y==="negative"?0:1,Gt(n,h,K,b,k,x),b*=M,k*=M;let N=(p?ut(p.map,b,k,It):[]).map((g,S)=>`V${(1-g).toFixed(3)}H${S+1}`).join("");O(o.firstElementChild,{d:p?`M0 1${N}V1Z`:""}),W(l,p?ce(b):""),W(c,p?ce(k):"");let Q=e.shown?.range.map(ce).join(" to ");O(f,{title:Q?`Values: ${Q}`:null,_low:b,_high:k});let z=xe("auto",E),ee=$e.map(g=>{let S=g.diverging?"Two-sided":"One-sided";return{value:g.name,label:g.title,group:S,swatch:()=>Ct(g.name)}}),Y={value:"auto",label:"Automatic",group:"By sign"};ee.unshift({...Y,swatch:()=>Ct(z.name)}),a.show(ee,m,w)}function I(p){s.hidden=p===null||k<=b;let m=((p??0)-b)/(k-b);s.style.left=`${100*le(m,0,1)}%`}return[f,$,I]}function Gt(t,e,r,n,o=1,s=0){let l=we(e);Ue(t,256,c=>{let u=n+(o-n)*c/255,a=3*De(u,r);return[...l.subarray(a,a+3),Math.abs(u)<s?40:255]})}function Ct(t){let e=i("canvas.swatch"),r=we(t);return Ue(e,64,n=>[...r.subarray(12*n+3,12*n+6),255]),e}var Zt=1e9;function Yt(t,e,r,n){let o=i("input.range",{type:"range",$label:e,_control:r});return C(t,o,"input",()=>n(+o.value)),{range:o,show(s,l,c,u,a=!1){O(o,{min:l,max:c,$valuetext:u,disabled:a}),o.value=String(s),o.style.setProperty("--xw-share",`${100*(s-l)/(c-l||1)}%`)}}}function Xt(t,e,r,n,o){let{least:s,most:l,step:c,initial:u,format:a,rest:d,spoken:f,factor:b=1,whole:k}=n,{range:$,show:I}=Yt(t,e,r,w=>h(w,!1));O($,{step:c});let p=i("input.number",{inputmode:"decimal",autocomplete:"off",$label:`${e}, number`,_number:r}),m=u,x=null;function y(w,M=!1){m=w;let H=d?.()??a(w);x===null&&(p.value=H),p.disabled=M;let N=f?`${a(w)}. ${f()}`:H;I(w,s,l,d?`${a(w)}, ${H}`:N,M)}function E(){p.value=x=a(m)}function h(w,M){y(w),x!==null&&E(),o(w,M)}function K(){let w=qe(p.value);if(w===null||p.value===x)return;let M=le(w/b,s,l);h(k?Math.round(M):M,!0)}C(t,$,"change",()=>h(+$.value,!0));for(let w of[$,p])C(t,w,"dblclick",()=>h(u,!0));return C(t,p,"focus",()=>{E(),p.select()}),C(t,p,"blur",()=>{K(),x=null,y(m)}),C(t,p,"keydown",w=>{if(w.key==="Enter")K();else if(w.key!=="Escape")return;E(),p.select()}),{range:$,field:p,show:y}}function Le(t,e,r,n,o,s=""){let{range:l,field:c,show:u}=Xt(t,e,r,n,o),a=n.most-n.least>=Zt;return[Ke(e,s,a?i("span"):l,c),u]}var Ve={least:0,most:1,step:.01,factor:100,format:t=>re(t,0)};function Lt(t,e){let r={...Ve,initial:fe.opacity};return Le(t,"Opacity","opacity",r,n=>e.look("opacity",n))}function _t(t,e){let r=s=>re(s/100),n={least:90,most:100,step:.1,initial:fe.clip,format:r};return Le(t,"Clip","clip",n,s=>e.look("clip",s),"The percentile where colours end")}var en=["normal","multiply","screen","luminosity"],tn=[["both","±","For and against"],["positive","+","For the class"],["negative","−","Against the class"]];function Tt(t,e,r){let n=1,[o,s,l]=Nt(t,e,r),[c,u]=Lt(t,e),a=()=>`keeps ${re(n,0)}`,d={...Ve,initial:fe.threshold,rest:a},f=w=>e.look("threshold",w),b="Hides values below this share of the maximum",[k,$]=Le(t,"Threshold","threshold",d,f,b),[I,p]=_t(t,e),m=w=>e.look("blend",w),x=ge(t,r,"Blend","blend","blend",m,()=>m(fe.blend)),[y,E]=ie(t,"Sign","sign",tn,w=>e.look("sign",w)),h=Ke("Blend","",x.element,y),K=w=>{let M=e.appearance,H=M.arrangement==="side_by_side";n=w?.kept??1,u(M.opacity,H),$(M.threshold),p(M.clip);let N=en.map(Q=>({value:Q,label:Re(Q)}));x.show(N,M.blend,Re(M.blend),"",H),E(M.sign),y.hidden=!w?.map.signed,s(w)};return[nt("Appearance",c,k,I,h,o),K,l]}function Pt(t,e,r,n){let o={look:e.look,shown:void 0,get appearance(){return{...e.looks,arrangement:"overlay"}},get method(){return{signed:e.head?.signed??!1}}},[s,l]=Tt(t,o,r);return[s,()=>{s.hidden=!e.looks.maps||!e.table?.done,s.hidden||l(n())}]}var Ot=5e3,nn=["correct","label","prediction","loss","probability","slice"],He=["#4477aa","#ee7733","#228833","#cc3377","#66ccee","#aa7744","#9988dd","#bbaa33","#009988","#777777"];function rn(t,e){return[Rt(t),Rt(e)]}function Rt(t){let[e,r]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let n of t)n<e&&(e=n),n>r&&(r=n);return t.map(n=>.03+.94*(n-e)/(r-e||1))}function Qt(t,e,r,n){let o=i("canvas.cloud",{role:"img",_control:"similarity"}),s=i("canvas.cloud",{$hidden:"true"}),[l,c]=[i("p.facts"),i("p.legend2")],u=i(".hover2",{hidden:!0}),a=i(".cloudbox",{tabindex:0,role:"group",$label:"Similarity"},o,s,u),d="tsne",f="correct",[b,k]=ie(t,"Projection","projection",[["tsne","t-SNE"],["pca","components"]],g=>{d=g,e.read(d),Y()}),$=ge(t,r,"Colour by","colour","prefixed.colour",g=>{f=g,Y()}),I=i("button.wide",{_control:"tsne"},"Place all pictures by t-SNE");C(t,I,"click",()=>e.read("tsne",!0));let p=i(".similarity",i(".tools2",$.element,i("span.spring"),b),a,I,c,l),[m,x]=[new Float32Array,new Float32Array],y,E="",h=[],K=!1;function w(){let g=e.table,S=getComputedStyle(r),A=S.getPropertyValue("--xw-point")||"#4477aa",T=S.getPropertyValue("--xw-wrong-ink")||"#d9480f",B=S.getPropertyValue("--xw-faint")||"#bbb";if(f==="correct")return{of:P=>g.correct[P]?A:g.codes("label")[P]===he?B:T,keys:[["right",A],["wrong",T]]};if(f==="slice"){let P=e.set(e.looks.slice)?.mask,D=e.set(e.looks.slice)?.title??"no slice is shown";return{of:J=>P?.[J]?T:A,keys:[[D,T],["the others",A]]}}let U=g.columns.get(f);if(U?.kind==="number"){let[P,D]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let j of U.data)j<P&&(P=j),j>D&&Number.isFinite(j)&&(D=j);let J=j=>`hsl(${(250-215*j).toFixed(0)} 75% ${(45+8*j).toFixed(0)}%)`;return{of:j=>{let V=(U.data[j]-P)/(D-P||1);return Number.isNaN(V)?B:J(Math.round(12*Math.min(1,Math.sqrt(V)))/12)},keys:[[`${f} ${+P.toPrecision(2)}`,J(0)],[String(+D.toPrecision(3)),J(1)]]}}if(U?.kind==="code"){let P=new Map;for(let V of U.data)V!==he&&P.set(V,(P.get(V)??0)+1);let D=[...P].sort((V,q)=>q[1]-V[1]).slice(0,He.length-1).map(([V])=>V),J=new Map(D.map((V,q)=>[V,He[q]])),j=D.map((V,q)=>[U.values[V],He[q]]);return P.size>D.length&&j.push(["others",B]),{of:V=>J.get(U.data[V])??B,keys:j}}return{of:()=>A,keys:[]}}function M(){let{clientWidth:g,clientHeight:S}=a,{table:A,mask:T,rows:B}=e;if(!A||!g||!y)return;let U=r.dataset.xwTheme,P=[g,S,d,f,A.version,B.length,e.looks.slice,U,y.length].join();if(P===E&&H===B)return;H=B,E=P;let D=Math.min(devicePixelRatio||1,2);for(let L of[o,s])Object.assign(L,{width:g*D,height:S*D});let J=o.getContext("2d"),{of:j,keys:V}=w(),q=B.length<A.done,_e=D*(A.done>2e4?1.2:A.done>3e3?1.8:2.8),v=new Map,R=(L,F,_)=>{let Z=v.get(L);Z??=new Path2D,v.set(L,Z);let[G,oe]=[m[F]*o.width,x[F]*o.height];Z.moveTo(G+_,oe),Z.arc(G,oe,_,0,7)};for(let L=0;L<m.length;L++)Number.isNaN(m[L])||R(`${T[L]?"1":"0"}${j(L)}`,L,T[L]?_e:.8*_e);for(let L of["0","1"]){J.globalAlpha=L==="0"?q?.14:.6:A.done>2e4?.6:.85;for(let[F,_]of v)F[0]===L&&(J.fillStyle=F.slice(1),J.fill(_))}J.globalAlpha=1,c.replaceChildren(...V.map(([L,F])=>{let _=i("i.dot");return _.style.background=F,i("span",_,L)})),N()}let H;function N(){let g=s.getContext("2d");g.clearRect(0,0,s.width,s.height);let S=e.looks.row??-1,A=s.width/(a.clientWidth||1);if(g.lineWidth=2*A,g.strokeStyle=getComputedStyle(r).color,S>=0&&!Number.isNaN(m[S]??Number.NaN)&&(g.beginPath(),g.arc(m[S]*s.width,x[S]*s.height,6*A,0,7),g.stroke()),!(h.length<4)){g.lineWidth=1.2*A,g.setLineDash([4*A,3*A]),g.beginPath();for(let T=0;T<h.length;T+=2)g.lineTo(h[T]*s.width,h[T+1]*s.height);g.closePath(),g.stroke(),g.setLineDash([])}}let Q=({clientX:g,clientY:S})=>{let{left:A,top:T,width:B,height:U}=a.getBoundingClientRect();return[(g-A)/B,(S-T)/U]};function z(g,S){let[A,T]=[a.clientWidth,a.clientHeight],[B,U]=[-1,12**2],{mask:P}=e;for(let D=0;D<m.length;D++){let J=((m[D]-g)*A)**2+((x[D]-S)*T)**2;J<U&&P[D]&&([B,U]=[D,J])}return B}C(t,a,"pointerdown",g=>{g.button||(K=!0,h=Q(g),a.setPointerCapture(g.pointerId))}),C(t,a,"pointermove",g=>{if(K){h.push(...Q(g)),N();return}let S=z(...Q(g));if(u.hidden=S<0,S<0)return;let{table:A}=e,T=A.word("label",S),B=A.word("prediction",S);W(u,T&&T!==B?`${B}, labelled ${T}`:B),u.style.cssText=`left:${100*m[S]}%;top:${100*x[S]}%`,O(u,{_late:m[S]>.6})}),C(t,a,"pointerleave",()=>{u.hidden=!0}),C(t,a,"pointerup pointercancel",g=>{if(!K)return;K=!1;let S=h;if(h=[],S.length<12){let A=z(...Q(g));A>=0&&n.choose(A)}else{let A=bt(m,x,e.mask,S);A.length&&n.lasso(A),n.speak(`${A.length} pictures within the lasso`)}N(),se(g)}),C(t,a,"keydown",g=>{let[S,A]={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[g.key]??[0,0];if(!S&&!A)return;let T=e.looks.row??e.rows[0]??-1,[B,U]=[-1,Number.POSITIVE_INFINITY];for(let P=0;P<m.length;P++){let[D,J]=[m[P]-m[T],x[P]-x[T]],j=D*S+J*A,V=Math.abs(D*A)+Math.abs(J*S);P===T||!e.mask[P]||j<=0||V>j||j+2*V<U&&([B,U]=[P,j+2*V])}B>=0&&n.choose(B),se(g)});let ee=new ResizeObserver(M);ee.observe(a),ae(t,()=>ee.disconnect());function Y(){let{table:g,frozen:S,head:A}=e;if(!g||e.looks.view!=="similarity")return;let T=g.done+g.failed===g.count;T&&e.read(g.count<=Ot?"tsne":"pca");let B=["tsne","pca"].filter(q=>e.points(q));B.length&&!B.includes(d)&&(d=B[0]);let U=e.points(d);k(d,S?"not in this saved page":null),U&&U[0]!==y&&(y=U[0],[m,x]=rn(...U));let P=(A?.metadata??[]).filter(q=>g.columns.get(q)?.kind!=="text"),D=[...nn,...P].map(q=>({value:q,label:q==="correct"?"right or wrong":q}));$.show(D,f,D.find(({value:q})=>q===f)?.label??f);let J=e.busy("tsne")||e.busy("pca");I.hidden=S||!T||g.count<=Ot||e.known("tsne")||!!e.points("tsne"),I.disabled=e.busy("tsne"),a.hidden=!U;let j=T?"":"Similarity is worked out when all pictures are explained.";ne(l,J?"Placing the pictures …":e.words(d)||(U?"Draw around points to keep them. What lies far apart says little.":j)),O(o,{$label:`${e.rows.length.toLocaleString("en")} pictures, alike ones near each other`}),M(),y&&N()}return[p,Y]}var Ut=`/* The one that is chosen, confusion, similarity, and another viewer in the place of the pictures. */
.xw-dataset {
  /* The one that is chosen. */
  .xw-chosen {
    padding: 14px;
  }
  .xw-photobox {
    position: relative;
    overflow: hidden;
    border-radius: 6px;
    background: var(--xw-soft);
    line-height: 0;
  }
  .xw-photo {
    width: 100%;
    aspect-ratio: var(--xw-aspect, 1);
    cursor: crosshair;
    touch-action: pan-y;
  }
  .xw-placebox {
    position: absolute;
    border: 1.5px solid #fff;
    outline: 1.5px solid #000a;
    pointer-events: none;
  }
  .xw-chosen > .xw-segments {
    margin-top: 8px;
  }
  .xw-chosen > .xw-segments .xw-segment {
    flex: 1;
  }
  .xw-key {
    margin: 6px 0 8px;
    overflow-wrap: anywhere;
  }
  .xw-bar[data-xw-kind="wrong"] .xw-class {
    color: var(--xw-wrong-ink);
    font-weight: 600;
  }
  .xw-part {
    margin-top: 14px;
  }
  .xw-right > .xw-section {
    padding: 0 14px 14px;
  }
  .xw-near {
    display: grid;
    grid-template-columns: repeat(6, 1fr);
    gap: 5px;
  }
  .xw-mini canvas {
    display: block;
    width: 100%;
    aspect-ratio: 1;
    border-radius: 4px;
    background: var(--xw-soft);
  }
  .xw-mini[data-xw-wrong] canvas {
    box-shadow: 0 0 0 1.5px var(--xw-wrong);
  }
  .xw-verdicts {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 6px;
  }
  .xw-verdict {
    display: flex;
    gap: 8px;
    min-height: 30px;
    padding: 4px 9px;
    border: 1px solid var(--xw-line);
    border-radius: 7px;
  }
  .xw-verdict:hover:enabled {
    background: var(--xw-soft);
  }
  .xw-verdict[aria-pressed="true"] {
    border-color: var(--xw-brand);
    background: var(--xw-tint);
  }
  .xw-keycap {
    color: var(--xw-muted);
  }
  .xw-part > .xw-link {
    display: inline-block;
    margin-top: 4px;
    font-size: 12px;
    color: var(--xw-muted);
  }
  .xw-test {
    padding: 10px 12px;
    border-left: 3px solid var(--xw-wrong);
    border-radius: 0 6px 6px 0;
    background: color-mix(in srgb, var(--xw-wrong) 10%, var(--xw-bg));
    font-size: 12px;
  }
  .xw-test .xw-wide {
    background: var(--xw-bg);
  }
  .xw-tried {
    margin-top: 8px;
  }

  /* Confusion. */
  .xw-confusion,
  .xw-groups,
  .xw-similarity {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
    padding-right: 14px;
    overflow: hidden auto;
    overscroll-behavior: contain;
  }
  .xw-matrixbox {
    flex: none;
    margin: 8px 0 16px;
    overflow: auto hidden;
  }
  .xw-matrix {
    --xw-least: 20px;
    --xw-cell: clamp(var(--xw-least), calc((100cqw - 740px) / var(--xw-n) - 2px), 62px);
    border-collapse: separate;
    border-spacing: 2px;
    font-size: 11px;
    & td,
    & th {
      padding: 0;
      border: 0;
      background: none;
      font-weight: 400;
    }
    & tr,
    & tr:hover {
      background: none;
    }
  }
  .xw-cell {
    display: block;
    width: var(--xw-cell);
    height: max(18px, calc(var(--xw-cell) * 0.72));
    border-radius: 3px;
    background: color-mix(in srgb, var(--xw-wrong) var(--xw-weight), var(--xw-soft));
    font-size: 10px;
    text-align: center;
    &[data-xw-right] {
      background: color-mix(in srgb, var(--xw-brand) var(--xw-weight), var(--xw-soft));
    }
    &[data-xw-strong] {
      color: var(--xw-bg);
    }
    &:hover:enabled {
      outline: 2px solid var(--xw-fg);
    }
  }
  .xw-matrix[data-xw-many] {
    --xw-least: 5px;
    & .xw-cell {
      height: max(12px, calc(var(--xw-cell) * 0.72));
    }
    & .xw-turned {
      height: 14px;
    }
  }
  .xw-pairs {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr));
    gap: 0 18px;
    margin-bottom: 8px;
    & .xw-set {
      align-items: center;
    }
    & .xw-title {
      white-space: normal;
      overflow-wrap: anywhere;
    }
  }
  .xw-turned {
    width: var(--xw-cell);
    max-height: 96px;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    writing-mode: vertical-rl;
    rotate: 180deg;
  }
  .xw-side {
    max-width: 132px;
    padding-right: 6px;
    overflow: hidden;
    text-align: right;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .xw-matrix th[scope="row"] {
    text-align: right;
  }

  .xw-meanmap {
    display: none;
  }
  .xw-confusion[data-xw-maps] .xw-meanmap[data-xw-there] {
    display: block;
    flex: none;
    width: 30px;
    height: 30px;
    border-radius: 3px;
  }
  .xw-confusion[data-xw-maps] .xw-cell .xw-meanmap {
    width: 100%;
    height: 100%;
  }
  .xw-confusion[data-xw-maps] .xw-matrix:not([data-xw-many]) .xw-cell {
    height: var(--xw-cell);
    padding: 0;
    overflow: hidden;
    font-size: 0;
  }
  .xw-confusion:not([data-xw-maps]) .xw-less {
    display: none;
  }
  .xw-matrix .xw-less {
    padding-left: 10px;
  }

  /* Groups of maps. */
  .xw-groupcards {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr));
    gap: 10px;
    margin: 10px 0;
  }
  .xw-groupcard {
    display: flex;
    gap: 12px;
    align-items: flex-start;
    padding: 10px;
    border: 1px solid var(--xw-line);
    border-radius: 8px;
    text-align: left;
    &:hover {
      background: var(--xw-soft);
    }
    &[aria-pressed="true"] {
      border-color: var(--xw-brand);
      background: var(--xw-tint);
    }
    & > .xw-meanmap {
      display: block;
      flex: none;
      width: 96px;
      height: 96px;
      border-radius: 5px;
      background: var(--xw-soft);
    }
    & .xw-about2 {
      display: flex;
      flex: 1;
      flex-direction: column;
      gap: 2px;
      min-width: 0;
      font-size: 12px;
    }
    & .xw-near {
      margin-top: 4px;
    }
    & .xw-near canvas {
      width: 100%;
      aspect-ratio: 1;
      border-radius: 4px;
      background: var(--xw-soft);
    }
  }

  /* Similarity. */
  .xw-cloudbox {
    position: relative;
    flex: 1;
    min-height: 260px;
    margin: 10px 0;
    border-radius: 8px;
    background: var(--xw-soft);
    cursor: crosshair;
    touch-action: none;
  }
  .xw-cloud {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  .xw-hover2 {
    position: absolute;
    padding: 3px 8px;
    border-radius: 6px;
    background: var(--xw-fg);
    color: var(--xw-bg);
    font-size: 12px;
    pointer-events: none;
    white-space: nowrap;
    translate: 12px -50%;
    &[data-xw-late] {
      translate: calc(-100% - 12px) -50%;
    }
  }
  .xw-legend2 {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 14px;
    font-size: 12px;
  }
  .xw-dot {
    display: inline-block;
    width: 9px;
    height: 9px;
    margin-right: 6px;
    border-radius: 50%;
  }
  .xw-similarity .xw-facts {
    padding-bottom: 10px;
  }

  /* Another viewer in the place of the pictures. */
  .xw-inplace {
    position: absolute;
    inset: 0;
    z-index: 3;
    overflow: auto;
    padding: 10px 14px;
    background: var(--xw-bg);
  }
  .xw-place {
    margin-top: 10px;
  }

  &[data-xw-layout="medium"] .xw-matrix {
    --xw-cell: clamp(var(--xw-least), calc((100cqw - 430px) / var(--xw-n) - 2px), 40px);
  }
  &[data-xw-layout="narrow"] .xw-matrix {
    --xw-cell: clamp(var(--xw-least), calc((100cqw - 190px) / var(--xw-n) - 2px), 40px);
  }
}
`;function sn(t,e,r){let{signal:n,root:o,model:s,speak:l}=t,c=new CSSStyleSheet;c.replaceSync(Ut);let u=o.getRootNode();u.adoptedStyleSheets=[...u.adoptedStyleSheets,c],ae(n,()=>{u.adoptedStyleSheets=u.adoptedStyleSheets.filter(f=>f!==c)});let a=ft(n,e,r),d=Kt(n,e,r);return{chosen:a,groups:d,looks:Pt(n,e,o,a.painted),confusion:kt(n,e,r),similarity:Qt(n,e,o,{lasso:f=>e.where("rows",f),choose:r.choose,speak:l}),viewer:St(n,s,r),arrived(){a.paint(),d[1]()}}}export{sn as default};
